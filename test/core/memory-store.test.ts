import { roomMachine } from '../../queue-core/step.ts';
import { MemoryLedger, MemoryStore } from '../../worker/store/memory-store.ts';
import { schema0 } from '../fixtures/schema-0.ts';
import { conformance } from '../store/conformance.ts';
import { refusesInvalidState } from '../store/invalid-state.ts';
import { opensSchema0 } from '../store/schema-0-suite.ts';
import { fill, type StoredText } from '../store/stored-text.ts';

const clock = { now: 0 };
const store = new MemoryStore(() => clock.now);

function memoryText({ rooms, directory }: MemoryStore): StoredText {
  const at = (ledger: string) => {
    if (ledger === 'directory') return directory.ledger;
    const room = ledger.slice('room:'.length);
    const found = rooms.get(room) ?? new MemoryLedger(roomMachine);
    rooms.set(room, found);
    return found;
  };
  return {
    document: async (ledger) => at(ledger).stored,
    setDocument: async (ledger, text) => {
      at(ledger).stored = text;
    },
    row: async (ledger, table, key) => at(ledger).tables[table].get(key) ?? null,
    setRow: async (ledger, table, key, text) => void at(ledger).tables[table].set(key, text),
  };
}

function under(store: MemoryStore) {
  const restart = async () => store.restart();
  return { store, clock, stored: memoryText(store), reload: restart, reloadDirectory: restart };
}

const start = () => under(store);
conformance('memory', start);
refusesInvalidState('memory', start);

const fixture = schema0();
opensSchema0('memory', fixture, async () => {
  const filled = under(new MemoryStore(() => clock.now));
  for (const [ledger, content] of Object.entries(fixture.ledgers)) await fill(filled.stored, ledger, content);
  return filled;
});
