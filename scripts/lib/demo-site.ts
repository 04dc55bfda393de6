// The demo that `npm start`, the tests and the screenshots share: its room, and its site, which accepts only visitors of
// that room.

import { randomBytes } from 'node:crypto';
import { type DemoOrigin, startDemoOrigin } from '../../origin/demo/server.ts';
import { createGatewayCalls } from '../../origin/gateway-calls.ts';
import type { RoomInput } from '../../worker/settings.ts';

export const DEMO_AUDIENCE = 'urn:fairgate:origin:demo';

/** The demo room on every host and path. */
export function demoRoom(room: Pick<RoomInput, 'origin' | 'schedule' | 'policy'>): RoomInput {
  return {
    id: 'demo',
    title: { ko: '백신 사전예약', en: 'Vaccine pre-registration' },
    hosts: ['*'],
    paths: ['/'],
    audience: DEMO_AUDIENCE,
    ...room,
  };
}

interface DemoSiteOptions {
  port: number;
  dataDir: string;
  publicUrl: string;
  /** Where the gateway itself listens; its public keys are fetched there. */
  gatewayUrl: string;
  slotsPerClinic?: number;
  /** With which it calls the gateway; absent: it does not. */
  siteKey?: string;
}

/** A key with which the demo site calls the gateway, and the entry of ORIGIN_KEYS that has it. */
export function newDemoKey(): { siteKey: string; originKey: string } {
  const siteKey = `whsec_${randomBytes(32).toString('base64')}`;
  return { siteKey, originKey: `demo:demo-site:${siteKey}` };
}

export function startDemoSite({ publicUrl, gatewayUrl, siteKey, ...options }: DemoSiteOptions): Promise<DemoOrigin> {
  const calls =
    siteKey === undefined ? {} : { calls: createGatewayCalls({ gateway: gatewayUrl, room: 'demo', key: siteKey }) };
  return startDemoOrigin({
    ...options,
    ...calls,
    issuer: new URL(publicUrl).origin,
    audience: DEMO_AUDIENCE,
    jwksUrl: `${gatewayUrl}/.well-known/jwks.json`,
  });
}
