// The demo that `npm start`, the tests and the screenshots share: its room, and its site, which accepts only visitors of
// that room.

import { type DemoOrigin, startDemoOrigin } from '../../origin/demo/server.ts';
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
}

export function startDemoSite({ publicUrl, gatewayUrl, ...options }: DemoSiteOptions): Promise<DemoOrigin> {
  return startDemoOrigin({
    ...options,
    issuer: new URL(publicUrl).origin,
    audience: DEMO_AUDIENCE,
    jwksUrl: `${gatewayUrl}/.well-known/jwks.json`,
  });
}
