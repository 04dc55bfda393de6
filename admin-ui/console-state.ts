// What the console knows beyond one screen: who is signed in, which room is looked at, what was done and can be undone,
// what is being typed. Screens read it and ask it; it asks the gateway. No part of it touches the page.

import {
  type Alarm,
  allows,
  OPERATIONS,
  type OperationName,
  type Role,
  type Session,
} from '../worker/contract/operator-api.ts';
import { type Deed, type DeedRecord, isStop, type Phase, perform, phaseOf, rebased, reversal } from './actions.ts';
import { type Client, createClient, type Outcome } from './api-client.ts';
import { lostSaid } from './failures.ts';
import { type Figures, figuresOf, ownZone } from './number-format.ts';
import type { Preferences } from './preferences.ts';
import { type Route, routeOf } from './routes.ts';
import type { Words } from './strings.ts';
import { WORDS } from './strings.ts';
import { type RoomWatch, type Watched, watchRoom } from './watch.ts';

export interface DeskSurroundings {
  fetch(address: string, init: RequestInit): Promise<Response>;
  monotonicMs(): number;
  later(ms: number, then: () => void): () => void;
  /** Something may look different now. */
  changed(): void;
  keep(preferences: Preferences): void;
  /** New alarms have come; sounds if the operator wants it to. */
  chime(): void;
}

export interface Question {
  title: string;
  text: string;
  yes: string;
  act(): void;
}

/** How a deed is done, where it is not done in the usual way. */
export interface Way {
  /** Of the room's version; without, the one that is on the screen. */
  etag?: string;
  /** Of the deed, where it was sent before. */
  name?: string;
  isUndo?: boolean;
  isQuiet?: boolean;
}

/** Deeds that stay listed; older ones are in the log. */
const DEEDS_LISTED_MAX = 3;

export class Desk {
  readonly client: Client;
  signIn: 'asking' | 'unreachable' | 'signedOut' | 'signedIn' = 'asking';
  session: Session | null = null;
  /** Why the last try to sign out did not come about. */
  signOutFault: string | null = null;
  /** The session ended while somebody worked; what they typed is still there. */
  isInterrupted = false;
  route: Route;
  watch: RoomWatch | null = null;
  deeds: DeedRecord[] = [];
  preferences: Preferences;
  overlay: 'help' | 'message' | null = null;
  question: Question | null = null;
  /** What a screen reader is told next: politely, and at once. */
  said = '';
  alarmSaid = '';
  /** Everything that is being typed, by the name of its field; stays while screens come and go. */
  readonly drafts = new Map<string, unknown>();

  readonly #around: DeskSurroundings;
  #alarmKinds = new Set<Alarm['kind']>();
  #stateSaid = '';
  #lastId = 0;

  constructor(around: DeskSurroundings, preferences: Preferences, hash: string) {
    this.#around = around;
    this.preferences = preferences;
    this.route = routeOf(hash);
    this.client = createClient(around.fetch, () => this.#interrupted());
  }

  get words(): Words {
    return WORDS[this.preferences.language];
  }

  get seen(): Watched | null {
    return this.watch?.seen() ?? null;
  }

  /** The gateway's time; 0 before it was ever heard from. */
  get now(): number {
    return this.watch?.time.now() ?? 0;
  }

  get timeZone(): string {
    return this.seen?.detail?.site.timeZone ?? ownZone();
  }

  get figures(): Figures {
    return figuresOf(this.preferences.language, this.timeZone);
  }

  get role(): Role {
    return this.session?.operator.role ?? 'viewer';
  }

  may(operation: OperationName): boolean {
    return allows(this.role, OPERATIONS[operation].role);
  }

  /** Why something cannot be done by this operator; null: it can. */
  whyNot(operation: OperationName): string | null {
    return this.may(operation) ? null : this.words.forbidden(this.role);
  }

  redraw(): void {
    this.#around.changed();
  }

  prefer(changes: Partial<Preferences>): void {
    this.preferences = { ...this.preferences, ...changes };
    this.#around.keep(this.preferences);
    this.redraw();
  }

  draft<T>(name: string, initial: T): T {
    return (this.drafts.has(name) ? this.drafts.get(name) : initial) as T;
  }

  type(name: string, value: unknown): void {
    if (value === undefined) this.drafts.delete(name);
    else this.drafts.set(name, value);
    this.redraw();
  }

  async begin(): Promise<void> {
    const outcome = await this.client.call('session', {});
    if (outcome.kind === 'answer') this.#enter(outcome.value);
    else this.signIn = outcome.kind === 'problem' && outcome.problem.status === 401 ? 'signedOut' : 'unreachable';
    this.redraw();
  }

  async useKey(key: string): Promise<Outcome<Session>> {
    const outcome = await this.client.call('signIn', { body: { key } });
    if (outcome.kind === 'answer') this.#enter(outcome.value);
    this.redraw();
    return outcome;
  }

  async signOut(): Promise<void> {
    const outcome = await this.client.call('signOut', {});
    // Only the gateway can end a session: until it has, whoever opens this page is still signed in.
    if (outcome.kind !== 'answer' && !(outcome.kind === 'problem' && outcome.problem.status === 401)) {
      const why = lostSaid(outcome.kind === 'problem' ? outcome.problem : null, this.words);
      this.signOutFault = this.words.signIn.stillIn(why);
      this.say(this.signOutFault);
      return;
    }
    this.signOutFault = null;
    this.session = null;
    this.signIn = 'signedOut';
    this.isInterrupted = false;
    this.drafts.clear();
    this.deeds = [];
    this.#stopWatching();
    this.redraw();
  }

  go(hash: string): void {
    this.route = routeOf(hash);
    this.overlay = null;
    this.question = null;
    this.#follow();
    this.redraw();
  }

  open(overlay: Desk['overlay']): void {
    this.overlay = overlay;
    this.redraw();
  }

  ask(question: Question | null): void {
    this.question = question;
    this.redraw();
  }

  say(text: string): void {
    this.said = text;
    this.redraw();
  }

  /**
   * Does it and lists it with a way back: on the version that is on the screen unless `etag` says which. With `isQuiet` it is
   * listed only once it is done; whoever asked shows what stands in its way.
   */
  async do(deed: Deed, way: Way = {}): Promise<Phase> {
    const { etag = this.#etag(), name = newName(), isUndo = false, isQuiet = false } = way;
    const room = this.route.screen === 'room' ? this.route.room : '';
    this.#lastId += 1;
    const sent = { room, deed, etag, name, isUndo };
    const record: DeedRecord = { id: this.#lastId, ...sent, phase: { kind: 'sending' }, undone: false };
    const list = (one: DeedRecord) => {
      this.deeds = [one, ...this.deeds].slice(0, DEEDS_LISTED_MAX);
    };
    if (!isQuiet) list(record);
    this.redraw();
    const { done, phase } = await this.#perform(room, deed, etag, name);
    if (!isQuiet) this.#turn(record.id, { deed: done, phase });
    else if (phase.kind === 'done') list({ ...record, deed: done, phase });
    this.said = this.words.deedSaid(done, phase, isUndo);
    this.redraw();
    if (phase.kind !== 'signedOut') void this.watch?.look();
    if (phase.kind === 'done') void this.watch?.lookAtDetail();
    return phase;
  }

  /** A stop is done whatever others did in the same moment; but only what is known to have been is offered as a way back. */
  async #perform(room: string, deed: Deed, etag: string, name: string): Promise<{ done: Deed; phase: Phase }> {
    const phase = phaseOf(await perform(this.client, room, deed, etag, name));
    if (phase.kind !== 'conflict' || !isStop(deed)) return { done: deed, phase };
    const latest = await this.watch?.lookAtDetail();
    const now = latest?.id === room ? { ...deed, from: latest.flow } : null;
    if (now !== null && !isStop(now)) return { done: deed, phase };
    if (now !== null && latest != null) {
      const again = phaseOf(await perform(this.client, room, now, latest.etag, name));
      if (again.kind !== 'conflict') return { done: now, phase: again };
    }
    const blind = { ...deed, from: null };
    return { done: blind, phase: phaseOf(await perform(this.client, room, blind, null, name)) };
  }

  async undo(id: number): Promise<void> {
    const record = this.#listed(id);
    if (record?.phase.kind !== 'done') return;
    const back = reversal(record.deed);
    if (back === null) return;
    const phase = await this.do(back, { etag: record.phase.etag, isUndo: true });
    if (phase.kind === 'done' || phase.kind === 'unchanged') this.#turn(id, { undone: true });
    this.redraw();
  }

  /**
   * Does it again. What met a conflict is done on the room as it is now, and leaves alone what others changed; what found no
   * answer is sent as it was, so that a conflict that nobody has seen yet is one.
   */
  async doAnyway(id: number): Promise<void> {
    const record = this.#listed(id);
    if (record === undefined) return;
    const { deed, etag, name, isUndo } = record;
    if (record.phase.kind !== 'conflict') {
      this.dismiss(id);
      await this.do(deed, { etag, name, isUndo });
      return;
    }
    const latest = await this.watch?.lookAtDetail();
    if (latest == null || this.#listed(id) === undefined) return;
    const now = rebased(deed, latest);
    const act = () => {
      this.dismiss(id);
      return this.do(now, { etag: latest.etag, isUndo });
    };
    const wasTold = deed.kind === 'schedule' && deed.beginsAnew;
    if (now.kind !== 'schedule' || !now.beginsAnew || wasTold) {
      await act();
      return;
    }
    const { deeds, editor } = this.words;
    this.ask({ title: this.words.deed(now), text: editor.anewNote, yes: deeds.anyway, act: () => void act() });
  }

  dismiss(id: number): void {
    this.deeds = this.deeds.filter((one) => one.id !== id);
    this.redraw();
  }

  /** Only of the room that is on the screen: nothing is done in another one. */
  #listed(id: number): DeedRecord | undefined {
    const { route } = this;
    return this.deeds.find((one) => one.id === id && route.screen === 'room' && one.room === route.room);
  }

  #etag(): string {
    return this.seen?.live?.etag ?? this.seen?.detail?.etag ?? '';
  }

  #turn(id: number, changes: Partial<DeedRecord>): void {
    this.deeds = this.deeds.map((one) => (one.id === id ? { ...one, ...changes } : one));
  }

  #enter(session: Session): void {
    this.session = session;
    this.signIn = 'signedIn';
    this.isInterrupted = false;
    this.#follow();
    void this.watch?.look();
  }

  #interrupted(): void {
    if (this.signIn !== 'signedIn' || this.isInterrupted) return;
    this.isInterrupted = true;
    this.redraw();
  }

  #follow(): void {
    const room = this.route.screen === 'room' ? this.route.room : null;
    if (this.signIn !== 'signedIn' || (room !== null && this.seen?.room === room)) return;
    this.#stopWatching();
    if (room === null) return;
    this.watch = watchRoom(room, { ...this.#around, client: this.client, changed: () => this.#looked() });
  }

  #stopWatching(): void {
    this.watch?.stop();
    this.watch = null;
    this.#alarmKinds = new Set();
    this.#stateSaid = '';
    this.alarmSaid = '';
  }

  /** Only what is new is said: an alarm when it comes, the state when it turns. */
  #looked(): void {
    const { live } = this.seen ?? {};
    if (live != null) {
      const fresh = live.alarms.filter(({ kind }) => !this.#alarmKinds.has(kind));
      if (fresh.length > 0) {
        this.alarmSaid = fresh.map((alarm) => this.words.alarm(alarm, this.figures).what).join(' ');
        this.#around.chime();
      }
      this.#alarmKinds = new Set(live.alarms.map(({ kind }) => kind));
      const state = this.words.stateOf(live.state, live.flow);
      if (this.#stateSaid !== '' && this.#stateSaid !== state) this.said = state;
      this.#stateSaid = state;
    }
    this.redraw();
  }
}

/** A name that no other change has; made of random bytes because the page may stand on plain HTTP. */
function newName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
