// Laws that hold for every operation of the contract, whatever it does.

import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { OPERATIONS, type Operation, type OperationName, ROLES } from '../../worker/contract/operator-api.ts';
import type { InProcessGateway } from '../gateway/in-process.ts';
import {
  ask,
  createKey,
  etag,
  logLength,
  onCurrentVersion,
  problemIn,
  startGateway,
  withKey,
} from './operator-client.ts';
import { BODIES, validRequest } from './valid-requests.ts';

const ALL = Object.entries(OPERATIONS) as [OperationName, Operation][];
const WITH_ROLE = ALL.filter(([, { role }]) => role !== null);

let gateway: InProcessGateway;

beforeEach(async () => {
  gateway = await startGateway();
});

it.each(WITH_ROLE)('%s requires authentication', async (name) => {
  expect((await ask(gateway, name, validRequest(name, {}))).status).toBe(401);
});

it.each(WITH_ROLE.filter(([, { role }]) => role !== 'viewer'))(
  '%s is refused to the role below its own, and nothing is recorded',
  async (name, { role }) => {
    const { key } = await createKey(gateway, ROLES[ROLES.indexOf(role ?? 'viewer') - 1] ?? 'viewer');
    const headers = { ...(await onCurrentVersion(gateway)), ...withKey(key) };
    const refused = await ask(gateway, name, validRequest(name, headers));
    expect([refused.status, problemIn(refused)]).toEqual([403, 'role-too-small']);
    expect(await logLength(gateway)).toBe(1);
  },
);

it.each(ALL.filter(([, { ifMatch }]) => ifMatch === true))(
  '%s requires If-Match with the current version',
  async (name) => {
    const without = await ask(gateway, name, validRequest(name, withKey()));
    expect([without.status, problemIn(without)]).toEqual([428, 'if-match-needed']);
    if (name === 'archiveRoom') await ask(gateway, 'close', { headers: await onCurrentVersion(gateway) });
    const before = await logLength(gateway);
    const tag = await etag(gateway);
    const none = [
      '"0.0.running"',
      `W/${tag}`,
      '"xyzzy"',
      'W/"1", "2"',
      tag.replaceAll('"', ''),
      `${tag} ${tag}`,
      `"${tag}`,
      '',
      '"*"',
    ];
    for (const field of none) {
      const outdated = await ask(gateway, name, validRequest(name, { ...withKey(), 'If-Match': field }));
      expect([field, outdated.status, problemIn(outdated)]).toEqual([field, 412, 'changed-meanwhile']);
    }
    expect(await logLength(gateway)).toBe(before);
  },
);

it.each(ALL.filter(([name]) => BODIES[name] !== undefined && name !== 'setTemplate'))(
  '%s refuses any other JSON body with a 4xx status',
  async (name) => {
    const headers = await onCurrentVersion(gateway);
    await fc.assert(
      fc.asyncProperty(fc.json(), async (body) => {
        const { status } = await ask(gateway, name, { body, headers });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 25 },
    );
  },
);
