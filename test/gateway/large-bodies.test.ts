// Bodies of any size at flat memory: the receiver of an upload or a download reads nothing until the sender has stalled, and the
// gateway's memory has not grown by more than its buffers. With 500 MB: `TRANSFER_MB=500 npm exec -- vitest run
// test/gateway/large-bodies.test.ts`.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { MARKER } from './recording-origin.ts';
import { roomInput } from './threat-site.ts';
import { enter, GateVisitor } from './visitor-client.ts';

const MEGABYTE = 1_048_576;
const TRANSFER_BYTES = Number(process.env['TRANSFER_MB'] ?? 64) * MEGABYTE;
