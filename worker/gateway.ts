// The parts of a gateway and how they are wired. Handlers take the slices they use. Time, randomness, the store and the
// network come from outside: from the composition root (index.ts), or from a test.

import type { Actor } from '../queue-core/audit.ts';
import type { EpochMs } from '../queue-core/time.ts';
import { AlarmSender } from './alarms/alarm-sender.ts';
import { AlarmWatch } from './alarms/alarm-watch.ts';
import { Attendance } from './alarms/attendance.ts';
import { OutageNotice } from './alarms/outage-notice.ts';
import type { BeaconChain } from './beacon/chain.ts';
import type { BeaconAnswer } from './beacon/fetch-beacon.ts';
import { RelayTest } from './beacon/relay-test.ts';
import { Draws } from './gate/draws.ts';
import { JoinLimit } from './gate/join-limit.ts';
import { Leases } from './gate/leases.ts';
import { PlaceRestore } from './gate/place-restore.ts';
import { PublicPages } from './gate/public-pages.ts';
import { RecentJoins } from './gate/recent-joins.ts';
import { RecentSessions } from './gate/recent-sessions.ts';
import { Templates } from './http/custom-page.ts';
import {
  ALARM_TEST_RATE,
  EVIDENCE_RATE,
  ORIGIN_CALL_RATE,
  POLL_RATE,
  RateLimit,
  REPORT_RATE,
  SITE_TRIAL_RATE,
} from './http/rate-limit.ts';
import { TrustedProxies } from './http/trusted-proxies.ts';
import type { Metrics } from './metrics.ts';
import { Access } from './operators/access.ts';
import { alarmsOf } from './operators/alarm-conditions.ts';
import { ConsolePresence } from './operators/console-presence.ts';
import { drawAlarms } from './operators/draw-alarms.ts';
import { KeyUses } from './operators/key-uses.ts';
import { Oidc } from './operators/oidc.ts';
import { presentedKey, SignInLimit } from './operators/sign-in-limit.ts';
import { OriginKeys } from './origin-calls/origin-keys.ts';
import type { OriginFetch } from './proxy/forward.ts';
import { OriginProbe } from './proxy/origin-probe.ts';
import { OriginReports } from './proxy/origin-reports.ts';
import { type RoomConfig, type Settings, settingsText } from './settings.ts';
import type { RoomStore } from './store/room-store.ts';
import { type Clock, SteadyClock } from './store/steady-clock.ts';
import { AlarmSecrets } from './tokens/alarm-secrets.ts';
import { VisitorCookies } from './tokens/cookies.ts';
import { DrawSeals } from './tokens/draw-seals.ts';
import { EvidenceSeals } from './tokens/evidence-seals.ts';
import { SealingKeys } from './tokens/sealing-keys.ts';
import { Tokens } from './tokens/tokens.ts';
import type { Observations } from './views/observations.ts';
import { RoomDirectory, SETTINGS_ACTOR } from './views/room-directory.ts';
import { RoomViews } from './views/room-views.ts';

/** What a gateway gets from the runtime it runs on. */
export interface Platform {
  store: RoomStore;
  metrics: Metrics;
  observations: Observations;
  clock: Clock;
  ownTime(): EpochMs;
  fetchOrigin: OriginFetch;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Asks the relays of the chain for a round, and verifies what they answer. */
  beacon(chain: BeaconChain, round: number): Promise<BeaconAnswer>;
  /** Random bytes as base64url; 8: gateways, 12: sessions, 16: visitors. */
  randomId(bytes: number): string;
  /** 32 random bytes, hex. */
  secret(): string;
  /** SHA-256, hex. */
  digest(text: string): string;
}

export interface Gateway extends Omit<Platform, 'beacon' | 'clock' | 'fetch'> {
  directory: RoomDirectory;
  /** The chain that draws with a beacon use. */
  beaconChain: BeaconChain;
  seals: DrawSeals;
  alarmSecrets: AlarmSecrets;
  alarmSender: AlarmSender;
  /** Tests of targets of alarms, by target. */
  alarmTests: RateLimit;
  attendance: Attendance;
  draws: Draws;
  relayTest: RelayTest;
  tokens: Tokens;
  cookies: VisitorCookies;
  /** Creates a room in the store, or applies edited settings of it. @throws StoreUnavailable */
  configure(room: RoomConfig, by: Actor): Promise<void>;
  views: RoomViews;
  placeRestore: PlaceRestore;
  sessions: RecentSessions;
  /** Numbers that this gateway gives out by itself. */
  leases: Leases;
  recentJoins: RecentJoins;
  publicPages: PublicPages;
  templates: Templates;
  originProbe: OriginProbe;
  originReports: OriginReports;
  /** The time of this process, which is never set back: for how long something took. */
  stopwatch(): number;
  /** New places, by network. */
  joins: JoinLimit;
  /** Status polls, by visitor. */
  polls: RateLimit;
  /** Evidence packs, by room. */
  evidencePacks: RateLimit;
  reports: RateLimit;
  /** Sites that are asked whether they answer, by operator. */
  siteTrials: RateLimit;
  evidenceSeals: EvidenceSeals;
  /** With which sites sign their calls. */
  originKeys: OriginKeys;
  /** Calls of sites, by key. */
  originCalls: RateLimit;
  /** Operator keys that are compared at all, and where each was used. */
  signIns: SignInLimit;
  /** Whose word about the client's address counts. */
  proxies: TrustedProxies;
  access: Access | null;
  /** null: operators sign in otherwise. */
  oidc: Oidc | null;
  keyUses: KeyUses;
  presence: ConsolePresence;
  /** The console's address. Where it differs from `publicUrl`, operators are answered there only. */
  consoleUrl: string;
  publicUrl: string;
  /** Where the process listens; null: unknown. */
  listenUrl: string | null;
  wait(ms: number): Promise<void>;
}

export async function createGateway(settings: Settings, { beacon, fetch, ...given }: Platform): Promise<Gateway> {
  const { clock: machineClock, ...platform } = given;
  const clock = new SteadyClock(machineClock);
  const { store, digest, secret, observations, fetchOrigin, randomId } = platform;
  const { consoleUrl, publicUrl, listenUrl, access, trustedProxies, beaconChain } = settings;
  const sealingKeys = await SealingKeys.load(settings.keys, randomId);
  const [seals, alarmSecrets] = [new DrawSeals(sealingKeys), new AlarmSecrets(sealingKeys)];
  const draws = new Draws({ store, seals, chain: beaconChain, beacon, random: Math.random });
  // A store that was emptied may have known openings, so the numbers of new ones start from the clock.
  const firstEpoch = () => Math.floor(platform.ownTime());
  const configure = async ({ id, queue }: RoomConfig, by: Actor = SETTINGS_ACTOR) => {
    const content = { settings: queue, digest: digest(settingsText(queue)), secret: seals.seal() };
    await store.apply(id, [{ kind: 'configure', by, ...content, firstEpoch: firstEpoch() }]);
  };
  const operatorKey = presentedKey(settings.operatorKey, digest);
  const directory = new RoomDirectory(store, settings.rooms, operatorKey, digest, clock);
  const gatewayId = randomId(8);
  const { now } = clock;
  const wait = (ms: number) => clock.wait(ms);
  const alarmSender = new AlarmSender({ secrets: alarmSecrets, fetch, ownTime: platform.ownTime });
  const telling = { sender: alarmSender, targets: () => directory.alarmTargets, consoleUrl, now, random: Math.random };
  const watch = new AlarmWatch({
    ...telling,
    store,
    metrics: platform.metrics,
    outage: new OutageNotice({ ...telling, gatewayId, wait }),
    conditions: (room, snapshot) => alarmsOf(room, snapshot, drawAlarms({ beaconChain, draws, seals }, snapshot)),
  });
  const presence = new ConsolePresence(now);
  const views = new RoomViews(store, configure, draws, observations, gatewayId, clock, watch, presence);
  return {
    ...platform,
    alarmSecrets,
    alarmSender,
    alarmTests: new RateLimit(ALARM_TEST_RATE, now),
    attendance: new Attendance({ directory, views, stopwatch: now, wait }),
    beaconChain,
    seals,
    draws,
    relayTest: new RelayTest({ chain: beaconChain, beacon, now: () => clock.now(), ownTime: () => platform.ownTime() }),
    consoleUrl,
    publicUrl,
    listenUrl,
    directory,
    tokens: await Tokens.load(publicUrl, settings.keys),
    cookies: new VisitorCookies(publicUrl),
    configure,
    views,
    placeRestore: new PlaceRestore(store),
    sessions: new RecentSessions(),
    leases: new Leases(store, platform.metrics, clock),
    recentJoins: new RecentJoins(clock),
    publicPages: new PublicPages(clock.now),
    templates: new Templates(store.directory),
    originReports: new OriginReports(store, clock.now, (ms) => clock.wait(ms)),
    originProbe: new OriginProbe({ store, fetchOrigin, now: clock.now, random: Math.random }),
    stopwatch: clock.now,
    joins: new JoinLimit(settings.joinsPerNetwork, secret(), digest, clock.now),
    polls: new RateLimit(POLL_RATE, clock.now),
    evidencePacks: new RateLimit(EVIDENCE_RATE, clock.now),
    reports: new RateLimit(REPORT_RATE, clock.now),
    siteTrials: new RateLimit(SITE_TRIAL_RATE, clock.now),
    evidenceSeals: new EvidenceSeals(settings.keys),
    originKeys: await OriginKeys.load(settings.originKeys),
    originCalls: new RateLimit(ORIGIN_CALL_RATE, clock.now),
    signIns: new SignInLimit(clock.now),
    proxies: new TrustedProxies(trustedProxies),
    access: access === null ? null : new Access(access, fetch),
    keyUses: new KeyUses(),
    presence,
    oidc: settings.oidc === null ? null : new Oidc(settings.oidc, consoleUrl, fetch),
    wait,
  };
}
