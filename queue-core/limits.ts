// Every bound of the queue's rules, each with its reason; those that a visitor's browser needs are in wait.ts. Nothing in the
// core grows with the number of people waiting; what does grow is bounded here.

/** Numbers of one lease: a second of a rush at one gateway, or half a second of it at a relay. */
export const LEASE_NUMBERS_MAX = 16_384;

/**
 * How long a gateway may give out leased entries. The draw decides about order, so they only have to end before the opening; and
 * an opening that an operator sets to now waits for them.
 */
export const ENTRY_LEASE_MS = 2_000;

/** The same of positions: arrivals at two gateways are in order to within this. */
export const POSITION_LEASE_MS = 250;

/** Ranges of returned entries that a room remembers; with more, the shortest are given to nobody. */
export const FREE_RANGES_MAX = 64;

/** Ranges of leased entries that can be returned; older ones are given to nobody. */
export const LEASES_MAX = 256;

/** Samples of "called up to N at time T" for one claim window; the window divided by this is their grain. */
export const CALL_SAMPLES_MAX = 128;

/** Buckets in which session ends are counted; the session length divided by this is their grain. */
export const EXPIRY_BUCKETS_MAX = 256;

/**
 * Buckets of session ends in a document: those of the present session length, those left from former ones, and those of
 * slots that lie far ahead because the rate was lowered. From half of it on new buckets become coarser, so that it holds.
 */
export const EXPIRIES_MAX = 4 * EXPIRY_BUCKETS_MAX;

/** Groups of sessions that began together, from which the lengths of stays are estimated; older ones are coarser. */
export const COHORTS_MAX = 64;

/** Classes of the lengths of stays, up to a day. */
export const STAY_CLASSES_MAX = 98;

/**
 * A session that was granted in one request with its place counts this long after its slot, and longer only if its visitor
 * comes again: a crawler, or a browser that refuses cookies, holds a vacancy for seconds.
 */
export const PRESENT_MS_MAX = 10_000;

/** Called visitors who found no vacancy and are known by position. Beyond it, the earliest positions stay. */
export const STANDBY_MAX = 128;

/** A visitor on standby retries every few seconds; one who has been silent this long no longer holds others back. */
export const STANDBY_SILENT_MS_MAX = 15_000;

/** Early endings that gateways can read; older ones raise `renewBefore` instead (see sessions.ts). */
export const ENDINGS_MAX = 65_536;

/** Endings in one view; a gateway further behind reads again at once. */
export const ENDINGS_PER_VIEW_MAX = 8_192;

/**
 * Time without any read of a room counts as at most this long for calls and claim windows. After an outage (gateway down,
 * store lost) no crowd is called at once, and no turn runs out during it.
 */
export const UNOBSERVED_MS_MAX = 5_000;

/** A call younger than this may not have reached a visitor who polls as advised; its visitor is still expected. */
export const CALL_FRESH_MS = 6_000;

/** A slot as near as this is waited for in the request (docs/decisions/0010); a newcomer passes at once into no later one. */
export const NEAR_SLOT_MS = 1_000;

/** While no share is known: a slot that nobody takes is lost, so slots are called for as if a quarter stayed away. */
export const SHOW_SHARE_UNKNOWN = 0.75;

/** Least share of called visitors who come that calls are multiplied by: a line of ghosts alone is not emptied at once. */
export const SHOW_SHARE_MIN = 1 / 200;

/** What an operator may set; outside of it the room would not be a waiting room or a number would overflow. */
export const POLICY_BOUNDS = {
  newUsersPerMinute: { min: 1, max: 1_000_000 },
  totalActiveUsers: { min: 1, max: 10_000_000 },
  sessionMs: { min: 60_000, max: 30 * 60_000 },
  sessionTotalMsMax: { min: 60_000, max: 24 * 3_600_000 },
  claimWindowMs: { min: 30_000, max: 30 * 60_000 },
  errorPercentMax: { min: 4, max: 100 },
  slowFactor: { min: 2, max: 100 },
  slowMs: { min: 10, max: 600_000 },
  stockPeoplePercent: { min: 1, max: 100_000 },
  stockFreshSeconds: { min: 5, max: 3_600 },
} as const;

/** Longest stay unless an operator sets another: long for any form, and twice the longest session. */
export const SESSION_TOTAL_MS_DEFAULT = 60 * 60_000;

/** Characters of an operator's message in one language; it has to fit a phone's first screen. */
export const MESSAGE_CHARS_MAX = 280;

/** How long an operator stays signed in: one shift. */
export const SIGN_IN_MS = 12 * 3_600_000;

/** Length of a bucket of the history: fine enough to see a rush, coarse enough that a day of them is one page. */
export const HISTORY_BUCKET_MS = 10_000;

/** Buckets stored: a day before the opening and a day after it. About 6 MB. */
export const HISTORY_BUCKETS_MAX = (2 * 24 * 3_600_000) / HISTORY_BUCKET_MS;

/** Length of a bucket of the history that is kept for long: what a report is made of. */
export const MINUTE_MS = 60_000;

/** Minutes stored: a year. Only those in which something happened have a row; about 150 MB if all have. */
export const MINUTE_BUCKETS_MAX = (366 * 24 * 3_600_000) / MINUTE_MS;

/** Longest wait that a gateway may say it told a visitor: a week, as long as a queue token is valid. */
export const TOLD_SECONDS_MAX = 7 * 24 * 3_600;

/** Closed buckets that the document and every view carry, so that a console that polls each second misses none. */
export const RECENT_BUCKETS_MAX = 6;

/** Buckets ahead for which slots are counted: ten minutes. What lies beyond counts in the last. */
export const SLOT_BUCKETS_MAX = 60;

/** Records in one room's audit log: more than any room needs. Beyond it a change is refused rather than unrecorded. */
export const AUDIT_RECORDS_MAX = 100_000;

/** Changes remembered by id, so that one whose response was lost can be retried. */
export const RECENT_CHANGES_MAX = 16;

/** Passes issued and not used yet that a room remembers; with more, the oldest becomes invalid. */
export const PASSES_MAX = 16;

/** How long a pass can be used: the operator who has just requested it follows it with one click. */
export const PASS_USE_MS = 30_000;

/** Hosts, protected paths or exemptions of one room. */
export const ROUTES_MAX = 64;

/** Names by which a site calls itself in redirects. */
export const ORIGIN_ALIASES_MAX = 16;

/** Other origins that one site lets in: its apps and the hosts of its single-page applications. */
export const CORS_ORIGINS_MAX = 16;

/** Addresses of sites that one room sends visitors back to. */
export const HAND_OFF_MAX = 16;

/** Messages that operators keep: a screen of them, 30 KB at most in the store. */
export const KEPT_MESSAGES_MAX = 20;

/** Rooms of one deployment, and what they may take as JSON: what gateways read every second stays below 256 KB. */
export const ROOMS_MAX = 100;
export const ROOMS_BYTES_MAX = 192 * 1024;

/**
 * An operator's own waiting page as it is stored, in JSON and UTF-8: a row of SQLite in a Durable Object holds 2 MB, and Redis gets
 * it quoted once more. A page of 1 MiB grows by its quotes and line ends; control characters take six times their size.
 */
export const TEMPLATE_STORED_BYTES_MAX = 1_572_864;

/** Operators' keys: one a person, and some to spare. */
export const OPERATOR_KEYS_MAX = 64;

/** A key's last use is stored at most so often: no request costs a write. */
export const KEY_USE_MS = 5 * 60_000;

/** Operators who have one room on their console, and how long after the last gateway's word of one they count as there. */
export const OPERATORS_SEEN_MAX = 32;
export const OPERATOR_SEEN_MS = 10_000;

/** Sign-outs remembered until their sessions would have ended by themselves. */
export const ENDED_SIGN_INS_MAX = 256;

/** After a wrong key the next try waits 1 s, 2 s, 4 s …, up to this; a network that stops trying is forgotten. */
export const WRONG_KEY_WAIT_MS_MAX = 60_000;
export const WRONG_KEY_FORGOTTEN_MS = 15 * 60_000;

/** Networks whose wrong keys are counted each. None is dropped before it is forgotten; further networks wait together. */
export const NETWORKS_ATTEMPTED_MAX = 256;

/** Characters at the start of a key that name it. They are no secret: the shortest key has 16 more. */
export const KEY_PREFIX_CHARS = 8;

/** Networks remembered of each key: an operator's office, home and phone, and the machines of a script. */
export const KEY_NETWORKS_MAX = 8;

/**
 * Wrong keys that name a key where it was used, before they have to wait: its operator mistypes, and others there rarely know
 * how it begins. So many guesses at the 16 or more other characters are nothing.
 */
export const KNOWN_FAILURES_FREE = 100;

/** Every count of wrong keys: of networks, of each key and its networks, and of all others. */
export const ATTEMPTS_MAX = NETWORKS_ATTEMPTED_MAX + OPERATOR_KEYS_MAX * (KEY_NETWORKS_MAX + 1) + 1;

/** Starts of gateways are recorded at most this often, with their number, and only in the first half of the log. */
export const STARTS_RECORD_MS = 60_000;
export const STARTS_RECORDS_UP_TO = AUDIT_RECORDS_MAX / 2;

/** Wrong keys are recorded at most this often, with their number. */
export const WRONG_KEY_RECORD_MS = 60_000;

/**
 * Length of the log up to which wrong keys are recorded. One a minute would fill the log in ten weeks, and then
 * no operator could sign in; so its second half is reserved for records with a key.
 */
export const WRONG_KEY_RECORDS_UP_TO = AUDIT_RECORDS_MAX / 2;

/** Length of the log up to which keys other than the owner's sign in: the rest is left for the owner to remove them. */
export const SIGN_INS_UP_TO = 0.9 * AUDIT_RECORDS_MAX;

/** Gateways whose last report is remembered; with more, those that have been silent for longest are forgotten. */
export const GATEWAYS_MAX = 48;

/** Clocks are corrected by less than this; a watched room that hears nothing for longer looks as if its clock had leapt. */
export const LEAP_MS_MIN = 60_000;

/** Age up to which a gateway answers from its view of a room; a change is in force on it no later than this. */
export const VIEW_STALE_MS_MAX = 2_000;

/** How long a room gives nothing after a loss: gateways read once a second, and one response may take three. */
export const RECOVERY_MS = 5_000;

/** What a store may lose: replicas and disks are assumed to lag by less than this (docs/redis.md). */
export const LOST_MS_MAX = 5_000;

/** Numbers left unused after a loss of unknown size, at least; else the arrivals of the busiest ten seconds. */
export const LOST_JOINS_MIN = 100;

/** A room younger than this, created by a gateway that had not seen the lost one, gives way to what other gateways saw. */
export const NEWBORN_MS_MAX = 60_000;

/** Rows handed over in one page. */
export const ROWS_PER_PAGE_MAX = 1_000;

/** Commitments of one opening: changing one is an act that everyone sees, so there are few. */
export const COMMITMENTS_MAX = 20;

/** Seconds of requests that a room remembers to judge its origin by: as far as it looks back at little traffic. */
export const HEALTH_CELLS_MAX = 30;

/** Longest time for which an origin that says it is overloaded gets no visitors; it may say so again. */
export const OVERLOADED_MS_MAX = 10 * 60_000;

/** Characters of the path that a stopped origin is probed at. */
export const PROBE_PATH_CHARS_MAX = 200;

/** Targets that hear of alarms: a chat, a pager, a mailbox, and some to spare. */
export const ALARM_TARGETS_MAX = 8;

/** Characters of a target's address: services put long tokens into it. */
export const TARGET_URL_CHARS_MAX = 1_000;

/** How long messages are signed with the former secret of a target too, after another one was made. */
export const FORMER_SECRET_MS = 24 * 3_600_000;

/** Characters of an alarm's figures as JSON; a gateway keeps below it. */
export const ALARM_FIGURES_CHARS_MAX = 1_024;

/** Notices about alarms that a room remembers, those that are delivered included; with more, the oldest are forgotten. */
export const NOTICES_MAX = 24;

/** Length of the log up to which deliveries of alarms are recorded; the rest is for people's changes. */
export const ALARM_RECORDS_UP_TO = AUDIT_RECORDS_MAX / 2;

/** Lots of a room: what a phone can show as a list, and every poll carries. */
export const LOTS_MAX = 50;

/** Characters of a lot's id, and of its name in one language. */
export const LOT_ID_CHARS_MAX = 32;
export const LOT_NAME_CHARS_MAX = 60;

/** Characters of what an origin calls that which was completed: it has to fit a line, and a QR code beside its proof. */
export const REFERENCE_CHARS_MAX = 64;

/** Characters of the id of an origin's call. */
export const CALL_ID_CHARS_MAX = 64;

/** Calls of the origin that are remembered of one visit; more within one second are refused. */
export const CALL_MARKS_MAX = 8;

/** Records of what the origin said: eighteen hours of one each second. About 20 MB; the oldest half goes. */
export const ORIGIN_RECORDS_MAX = 65_536;
