// Why the bridge answers a request by itself: status and text, in the form in which Upstash's service answers. The gateway tells the
// kinds apart by the words of the text (`commandFailure` in worker/store/redis/redis-client.ts); a test holds the two together.

import { ARGUMENTS_MAX, BODIES_BYTES_MAX, BODY_BYTES_MAX, BODY_MS_MAX, COMMANDS_MAX } from './request-bounds.ts';

const FAILURES = {
  unauthorized: { status: 401, text: 'WRONGPASS invalid or missing auth token' },
  notFound: { status: 404, text: 'ERR unknown path: the bridge has POST /, /pipeline and /multi-exec' },
  malformed: {
    status: 400,
    text: 'ERR the body is not a command, or a list of commands, as JSON: each a list of texts and numbers',
  },
  largeBody: { status: 413, text: `ERR max request size exceeded. Limit: ${BODY_BYTES_MAX} bytes` },
  slowBody: { status: 408, text: `ERR the request did not arrive within ${BODY_MS_MAX} ms` },
  manyCommands: {
    status: 413,
    text: `ERR max pipeline size exceeded. Limit: ${COMMANDS_MAX} commands with ${ARGUMENTS_MAX} arguments`,
  },
  largeReply: { status: 502, text: 'ERR max response size exceeded' },
  manyBodies: {
    status: 429,
    text: `ERR max concurrent requests limit exceeded: requests of ${BODIES_BYTES_MAX} bytes are under way`,
  },
  busy: { status: 429, text: 'ERR max concurrent requests limit exceeded: all connections to Redis are in use' },
  unreachable: { status: 503, text: 'ERR Redis cannot be reached; the log of the bridge has the reason' },
  refused: { status: 503, text: 'NOAUTH Redis refused the bridge; the log of the bridge has the reason' },
  late: { status: 504, text: 'ERR Redis did not answer in time; the request may have run' },
  broken: { status: 502, text: 'ERR the connection to Redis broke; the request may have run' },
  internal: { status: 500, text: 'ERR the bridge failed; its log has the reason' },
} as const;

export type BridgeFailureKind = keyof typeof FAILURES;

export class BridgeFailure extends Error {
  readonly kind: BridgeFailureKind;
  readonly status: number;

  constructor(kind: BridgeFailureKind) {
    super(FAILURES[kind].text);
    this.kind = kind;
    this.status = FAILURES[kind].status;
  }
}
