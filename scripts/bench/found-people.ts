// How well a running gateway finds what a site carries (`health.mode` `find`): in front of a site with one server, whose requests queue,
// the people it lets in, the site's use, and the swing once it has settled.

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { startGateway } from '../lib/gateway-process.ts';
import { listenOnLoopback } from '../lib/loopback-ports.ts';

/** Of the site's one server, for one request. */
const SERVICE_MS = 12;
/** Between a visitor's requests. */
const THINK_MS = 2_000;
const VISIT_MS = 30_000;
const WAITING_MIN = 30;
const SETTLES_SECONDS = 150;
const MEASURED_SECONDS = 90;
const SAMPLE_MS = 1_000;

/** @returns lines of the report */
export async function foundPeople(dataDir: string): Promise<string[]> {
  let free = 0;
  let served = 0;
  const site = createServer((_, response) => {
    const now = performance.now();
    free = Math.max(now, free) + SERVICE_MS;
    setTimeout(() => {
      served++;
      response.end('ok');
    }, free - now);
  });
  const origin = `http://127.0.0.1:${await listenOnLoopback(site)}`;
  const operatorKey = randomBytes(24).toString('base64url');
  const room = {
    id: 'find',
    title: { ko: 'find', en: 'find' },
    hosts: ['*'],
    origin,
    schedule: { opensAt: '+0s' },
    policy: {
      ...{ newUsersPerMinute: 6_000, totalActiveUsers: 1_000, sessionMinutes: 1 },
      health: { mode: 'find' as const, peopleFloor: 20 },
    },
  };
  const keys = { keys: [await newSigningKey(0)] };
  const publicUrl = 'http://127.0.0.1:1';
  const settings = { rooms: [room], keys, publicUrl, operatorKey, joinsPerNetwork: '0' };
  const gateway = await startGateway({ settings, port: 0, dataDir, log: (line) => console.error(line) });
  const address = (name: string) => `${gateway.url}/_fairgate/rooms/find/${name}`;
  const app = async (path: string, token: string | null, method = 'POST') => {
    const authorization = token === null ? {} : { Authorization: `Bearer ${token}` };
    const headers = { Accept: 'application/json', ...authorization };
    return fetch(method === 'POST' ? address(path) : `${gateway.url}${path}`, { method, headers });
  };
  let isOver = false;
  let waiting = 0;
  let called = 0;
  const visit = async () => {
    waiting++;
    let answer = await (await app('join', null)).json();
    const { position } = answer.status;
    const { queueToken } = answer;
    while (answer.outcome !== 'admitted' && !isOver) {
      await sleep(500);
      if (called >= position) answer = await (await app('claim', queueToken)).json();
    }
    waiting--;
    const until = performance.now() + VISIT_MS;
    while (performance.now() < until && !isOver) {
      await (await app('/', answer.admissionToken, 'GET')).text();
      await sleep(THINK_MS);
    }
    await app('leave', answer.admissionToken);
  };
  const samples: { people: number; inside: number; served: number }[] = [];
  const visits = new Set<Promise<void>>();
  try {
    for (let second = 0; second < SETTLES_SECONDS + MEASURED_SECONDS; second++) {
      while (waiting < WAITING_MIN) {
        const one = visit().catch(() => {});
        visits.add(one);
        void one.then(() => visits.delete(one));
      }
      await sleep(SAMPLE_MS);
      const headers = { Authorization: `Bearer ${operatorKey}` };
      const live = await (await fetch(`${gateway.url}/_fairgate/operator/rooms/find/live`, { headers })).json();
      called = live.called;
      samples.push({ people: live.health.peopleFound ?? 0, inside: live.active, served });
    }
  } finally {
    isOver = true;
    await Promise.all(visits);
    await gateway.stop('SIGKILL');
    site.close();
  }
  const settled = samples.slice(SETTLES_SECONDS);
  const people = settled.map((sample) => sample.people);
  const mean = people.reduce((sum, one) => sum + one, 0) / people.length;
  const swing = (Math.max(...people) - Math.min(...people)) / mean;
  const first = settled[0]?.served ?? 0;
  const perSecond = ((settled.at(-1)?.served ?? 0) - first) / (settled.length - 1);
  const share = (perSecond * SERVICE_MS) / 1_000;
  const percent = (part: number) => `${(100 * part).toFixed(0)} %`;
  return [
    `A site with one server of ${SERVICE_MS} ms, ${settled.length} s after ${SETTLES_SECONDS} s: the gateway found ${mean.toFixed(0)} people`,
    `(${Math.min(...people)} to ${Math.max(...people)}, a swing of ${percent(swing)}); the server was used to ${percent(share)}.`,
  ];
}
