// Memory of workerd with many visitors: an idle gateway, after so many have joined, and after so many have entered.

import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { startGateway } from '../lib/gateway-process.ts';
import { BenchGateway, post, type RoomName } from './bench-gateway.ts';
import { saturate } from './load.ts';
import { residentMegabytes } from './measured-machine.ts';
import { rawRequest } from './raw-request.ts';

const VISITORS = 100_000;

/** @returns lines of the report */
export async function memoryOfVisitors(dataDir: string): Promise<string[]> {
  const keys = { keys: [await newSigningKey(0)] };
  const bench = await BenchGateway.start(startGateway, { keys, origin: 'http://127.0.0.1:9', dataDir, entries: 0 });
  const { port, process } = bench.gateway;
  const megabytes = () => residentMegabytes(process.pid ?? 0).toFixed(0);
  const joinUntil = async (room: RoomName, count: 'entries' | 'active') => {
    const requests = [rawRequest(post(room, 'join'))];
    while ((await bench.board(room))[count] < VISITORS) {
      await saturate(`joins in ${room}`, { port, requests, seconds: 2, once: false, mayFail: true });
    }
  };
  try {
    await bench.board('ahead');
    const idle = megabytes();
    await joinUntil('ahead', 'entries');
    const waiting = megabytes();
    await joinUntil('open', 'active');
    return [
      `workerd: ${idle} MB when it has started, ${waiting} MB after ${VISITORS.toLocaleString('en')} visitors have joined and wait, ${megabytes()} MB after`,
      `another ${VISITORS.toLocaleString('en')} have joined and entered. Nothing is kept of those who wait; what grows are bounded caches and the heap.`,
    ];
  } finally {
    await bench.gateway.stop('SIGKILL');
  }
}
