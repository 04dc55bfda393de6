// Migrations of stored state, one step for each schema version; docs/upgrading.md says what each changed. A step is pure and
// never edited once released. Version 0 is the state without a version that Fairgate 0.1 wrote.

type Fields = Record<string, unknown>;

/** A step from one version to the next. It does not check: what it makes of damaged state, the parser refuses. */
export type Migration = (stored: Fields) => Fields;

/** 0 to 1: the flat document is grouped into parts; the last slot is counted in whole microseconds. */
function roomInParts(old: Fields): Fields {
  const { lapsed, ...totals } = Object.fromEntries(
    Object.entries(fieldsOf(old['totals'])).map(([name, total]) => [name, atLeastZero(total)]),
  );
  const bucket = fieldsOf(old['bucket']);
  // Slots are counted apart; only the counters of a new room had this field.
  const { admitted: _, ...counters } = fieldsOf(bucket['counted']);
  return {
    room: old['room'],
    createdAt: old['bornAt'],
    epoch: old['epoch'],
    at: old['at'],
    config: pick(old, 'settingsDigest', 'policy', 'schedule', 'flow', 'closed', 'message'),
    changes: {
      ...pick(old, 'version', 'changedAt', 'inForceAt', 'audit', 'gateways', 'passes'),
      recent: old['recentChanges'],
    },
    draw: old['draw'],
    origin: { stock: old['stock'], failingSince: old['originFailingSince'] },
    line: pick(old, 'entries', 'issued', 'recentJoins'),
    pacing: {
      ...pick(old, 'runMs', 'called', 'lapsedThrough', 'callCredit', 'calls', 'callingSince'),
      lapsed,
      lastSlotMicros: typeof old['lastSlotAt'] === 'number' ? Math.ceil(old['lastSlotAt'] * 1_000) : old['lastSlotAt'],
    },
    sessions: {
      ...pick(old, 'active', 'expiries', 'standby', 'generation', 'revokedAt'),
      ...countedSessions(old['expiries']),
      totals,
    },
    endings: { seq: old['endingSeq'], droppedTo: old['endingsDroppedTo'], renewBefore: old['renewBefore'] },
    history: {
      open: {
        ...pick(bucket, 'at', 'observed', 'slots'),
        flow: bucket['passed'],
        counters,
      },
      recent: old['recent'],
    },
    recovery: { running: old['recovery'], lostUntil: old['lostUntil'] },
  };
}

/**
 * After a loss version 0 could count fewer than no sessions in a bucket, to make up for others that it counted twice. Those
 * counts are dropped: a session that is counted twice ends by itself.
 */
function countedSessions(expiries: unknown): Fields {
  if (!Array.isArray(expiries) || !expiries.some((bucket) => bucket?.[1] < 0)) return {};
  const counted = expiries.filter((bucket) => !(bucket?.[1] < 0));
  return { expiries: counted, active: counted.reduce((sum, bucket) => sum + bucket?.[1], 0) };
}

function atLeastZero(count: unknown): unknown {
  return typeof count === 'number' ? Math.max(0, count) : count;
}

/** 0 to 1: times in whole ms, rounded up, so that no session begins before its slot. */
function wholeTimes(old: Fields): Fields {
  return { ...old, admitAt: roundedUp(old['admitAt']), expiresAt: roundedUp(old['expiresAt']) };
}

/** 0 to 1: the same of a session that ended early. */
function wholeEnd(old: Fields): Fields {
  return { ...old, until: roundedUp(old['until']) };
}

function roundedUp(time: unknown): unknown {
  return typeof time === 'number' ? Math.ceil(time) : time;
}

/** 1 to 2: the longest stay. Frozen here, whatever the default becomes. */
function withSessionTotal(policy: unknown): Fields {
  return { ...fieldsOf(policy), sessionTotalMsMax: 3_600_000 };
}

function roomWithSessionTotal(old: Fields): Fields {
  const config = fieldsOf(old['config']);
  return { ...old, config: { ...config, policy: withSessionTotal(config['policy']) } };
}

function directoryWithSessionTotal(old: Fields): Fields {
  if (!Array.isArray(old['rooms'])) return old;
  const rooms = old['rooms'].map((room) => {
    const settings = fieldsOf(fieldsOf(room)['settings']);
    return { ...fieldsOf(room), settings: { ...settings, policy: withSessionTotal(settings['policy']) } };
  });
  return { ...old, rooms };
}

const unchanged: Migration = (old) => old;

export const migrateRoom: readonly Migration[] = [roomInParts, roomWithSessionTotal];
export const migrateSession: readonly Migration[] = [wholeTimes, unchanged];
export const migrateEnding: readonly Migration[] = [wholeEnd, unchanged];
export const migrateDirectory: readonly Migration[] = [unchanged, directoryWithSessionTotal];
/** Rows of the other tables have kept their form. */
export const migrateRow: readonly Migration[] = [unchanged, unchanged];

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** Fields that are missing stay missing, for the parser to name. */
function pick(from: Fields, ...names: string[]): Fields {
  return Object.fromEntries(names.flatMap((name) => (name in from ? [[name, from[name]]] : [])));
}
