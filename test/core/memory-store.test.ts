import { MemoryStore } from '../../worker/store/memory-store.ts';
import { conformance } from '../store/conformance.ts';

const clock = { now: 0 };
const store = new MemoryStore(() => clock.now);

conformance('memory', () => ({ store, clock, reload: async () => {}, reloadDirectory: async () => {} }));
