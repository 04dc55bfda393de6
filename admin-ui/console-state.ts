// The console's state beyond one screen: who is signed in, which room is on the screen, what the operator is typing, what is
// announced. Components read it and call its methods; it calls the gateway. It never touches the page, so tests run it alone.

import { type Client, createClient, type Outcome } from '../worker/contract/api-client.ts';
import {
  type Alarm,
  allows,
  OPERATIONS,
  type OperationName,
  type Role,
  reachOf,
  type Session,
} from '../worker/contract/operator-api.ts';
import type { ProviderFailure } from '../worker/contract/provider-addresses.ts';
import { ActionLog, type Confirmation } from './action-log.ts';
import { loadErrorText } from './failures.ts';
import { type NumberFormat, numberFormat, ownZone } from './number-format.ts';
import type { Preferences } from './preferences.ts';
import { providerFailureOf, type Route, routeOf } from './routes.ts';
import { STRINGS } from './strings.ts';
import type { Strings } from './strings-en.ts';
import { TestedRelays } from './tested-relays.ts';
import { type RoomSnapshot, type RoomWatch, watchRoom } from './watch.ts';

interface ConsoleEnvironment {
  fetch(address: string, init: RequestInit): Promise<Response>;
  monotonicMs(): number;
  /** @returns cancels it */
  schedule(ms: number, callback: () => void): () => void;
  /** The page has to be drawn again. */
  changed(): void;
  savePreferences(preferences: Preferences): void;
  /** Plays the alarm sound, if the operator turned it on. */
  chime(): void;
}

export class ConsoleState {
  readonly client: Client;
  readonly actions: ActionLog = new ActionLog(this);
  readonly relays: TestedRelays;
  /** Host of the identity provider with which operators may sign in. */
  readonly provider: string | null;
  providerFailure: ProviderFailure | null;
  signInState: 'checking' | 'unreachable' | 'signedOut' | 'signedIn' = 'checking';
  session: Session | null = null;
  /** Why the last sign-out failed. */
  signOutError: string | null = null;
  /** The session ended while the operator was working; drafts are kept for the next sign-in. */
  isSessionExpired = false;
  route: Route;
  watch: RoomWatch | null = null;
  preferences: Preferences;
  overlay: 'help' | 'message' | null = null;
  confirmation: Confirmation | null = null;
  /** For screen readers: a polite announcement, and an alert. */
  announcement = '';
  alert = '';

  readonly #environment: ConsoleEnvironment;
  /** Everything that is being typed, by the name of its form; it outlives the screens. */
  readonly #drafts = new Map<string, unknown>();
  #alarmKinds = new Set<Alarm['kind']>();
  #announcedState = '';

  constructor(environment: ConsoleEnvironment, preferences: Preferences, hash: string, provider: string | null = null) {
    this.#environment = environment;
    this.provider = provider;
    this.providerFailure = providerFailureOf(hash);
    this.preferences = preferences;
    this.route = routeOf(hash);
    this.client = createClient(environment.fetch, () => this.#onSignedOut());
    const { schedule } = environment;
    this.relays = new TestedRelays(this, (ms) => new Promise((resolve) => schedule(ms, resolve)));
  }

  get strings(): Strings {
    return STRINGS[this.preferences.language];
  }

  get room(): string | null {
    return this.route.screen === 'room' ? this.route.room : null;
  }

  get snapshot(): RoomSnapshot | null {
    return this.watch?.snapshot() ?? null;
  }

  /** The gateway's time; 0 before its first response. */
  get now(): number {
    return this.watch?.time.now() ?? 0;
  }

  get format(): NumberFormat {
    return numberFormat(this.preferences.language, this.snapshot?.detail?.site.timeZone ?? ownZone());
  }

  get role(): Role {
    return this.session?.operator.role ?? 'viewer';
  }

  may(operation: OperationName): boolean {
    const { role } = OPERATIONS[operation];
    return allows(this.role, role) && !this.#isBeyondRooms(operation);
  }

  /** Why the operator's role does not allow it; null: it does. */
  deniedReason(operation: OperationName): string | null {
    if (this.#isBeyondRooms(operation)) return this.strings.otherRooms;
    return this.may(operation) ? null : this.strings.forbidden(this.role);
  }

  /** The operator is for single rooms, and the operation is about more. */
  #isBeyondRooms(operation: OperationName): boolean {
    return (
      this.session !== null && this.session.operator.rooms !== null && reachOf(OPERATIONS[operation]) === 'deployment'
    );
  }

  redraw(): void {
    this.#environment.changed();
  }

  setPreferences(changes: Partial<Preferences>): void {
    this.preferences = { ...this.preferences, ...changes };
    this.#environment.savePreferences(this.preferences);
    this.redraw();
  }

  draft<T>(name: string, initial: T): T {
    return (this.#drafts.has(name) ? this.#drafts.get(name) : initial) as T;
  }

  /** @param value undefined: the draft is discarded */
  setDraft(name: string, value: unknown): void {
    if (value === undefined) this.#drafts.delete(name);
    else this.#drafts.set(name, value);
    this.redraw();
  }

  async start(): Promise<void> {
    const outcome = await this.client.call('session', {});
    if (outcome.kind === 'reply') this.#onSignedIn(outcome.value);
    else this.signInState = outcome.kind === 'problem' && outcome.problem.status === 401 ? 'signedOut' : 'unreachable';
    this.redraw();
  }

  /** The operator is back at this page: they may have signed in in another tab. */
  async returned(): Promise<void> {
    if (!this.isSessionExpired) return void (await this.watch?.poll());
    const outcome = await this.client.call('session', {});
    if (outcome.kind === 'reply') this.#onSignedIn(outcome.value);
    this.redraw();
  }

  async signIn(key: string): Promise<Outcome<Session>> {
    const outcome = await this.client.call('signIn', { body: { key } });
    if (outcome.kind === 'reply') this.#onSignedIn(outcome.value);
    this.redraw();
    return outcome;
  }

  async signOut(): Promise<void> {
    const outcome = await this.client.call('signOut', {});
    // Only the gateway can end a session: until it has, this browser is still signed in.
    if (outcome.kind !== 'reply' && !(outcome.kind === 'problem' && outcome.problem.status === 401)) {
      const reason = loadErrorText(outcome.kind === 'problem' ? outcome.problem : null, this.strings);
      this.signOutError = this.strings.signIn.stillIn(reason);
      this.announce(this.signOutError);
      return;
    }
    this.signOutError = null;
    this.session = null;
    this.signInState = 'signedOut';
    this.isSessionExpired = false;
    this.#drafts.clear();
    this.actions.records = [];
    this.#stopWatching();
    this.redraw();
  }

  navigate(hash: string): void {
    this.route = routeOf(hash);
    this.overlay = null;
    this.confirmation = null;
    this.#watchRoute();
    this.redraw();
  }

  showOverlay(overlay: ConsoleState['overlay']): void {
    this.overlay = overlay;
    this.redraw();
  }

  confirm(confirmation: Confirmation | null): void {
    this.confirmation = confirmation;
    this.redraw();
  }

  announce(text: string): void {
    this.announcement = text;
    this.redraw();
  }

  #onSignedIn(session: Session): void {
    this.session = session;
    this.signInState = 'signedIn';
    this.providerFailure = null;
    this.isSessionExpired = false;
    this.#watchRoute();
    void this.watch?.poll();
  }

  #onSignedOut(): void {
    if (this.signInState !== 'signedIn' || this.isSessionExpired) return;
    this.isSessionExpired = true;
    this.redraw();
  }

  #watchRoute(): void {
    const { room } = this;
    if (this.signInState !== 'signedIn' || (room !== null && this.snapshot?.room === room)) return;
    this.#stopWatching();
    if (room === null) return;
    const { monotonicMs, schedule } = this.#environment;
    this.watch = watchRoom(room, { client: this.client, monotonicMs, schedule, changed: () => this.#onSnapshot() });
  }

  #stopWatching(): void {
    this.watch?.stop();
    this.watch = null;
    this.#alarmKinds = new Set();
    this.#announcedState = '';
    this.alert = '';
  }

  /** Announces only what is new: an alarm when it appears, the state when it changes. */
  #onSnapshot(): void {
    const { live } = this.snapshot ?? {};
    if (live != null) {
      const fresh = live.alarms.filter(({ kind }) => !this.#alarmKinds.has(kind));
      if (fresh.length > 0) {
        this.alert = fresh.map((alarm) => this.strings.alarm(alarm, this.format).what).join(' ');
        this.#environment.chime();
      }
      this.#alarmKinds = new Set(live.alarms.map(({ kind }) => kind));
      const state = this.strings.stateOf(live.state, live.flow);
      if (this.#announcedState !== '' && this.#announcedState !== state) this.announcement = state;
      this.#announcedState = state;
    }
    this.redraw();
  }
}
