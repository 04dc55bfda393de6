// Gives an operator a pass: a script receives the token, a browser an address on the site that sets it as a cookie (pass.ts). The
// log has the record before the pass exists.

import { PASS_USE_MS } from '../../queue-core/limits.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import type { Gateway } from '../gateway.ts';
import { isBrowser } from '../http/request-client.ts';
import { json } from '../http/responses.ts';
import type { Handlers } from './operation-context.ts';
import { PASS_MS, passLink, passToken } from './pass.ts';
import { changeRoom, type RoomChangeGateway } from './room-changes.ts';

type PassGateway = RoomChangeGateway & Pick<Gateway, 'publicUrl' | 'randomId' | 'tokens'>;

export function passHandlers(gateway: PassGateway): Handlers<'givePass'> {
  return {
    async givePass(c) {
      const { config, snapshot } = c.var.room;
      const [sid, issuedAt] = [gateway.randomId(12), snapshot.now];
      const expiresAt = issuedAt + PASS_MS;
      const useBy = isBrowser(c.req.raw) ? issuedAt + PASS_USE_MS : null;
      const outcome = await changeRoom(gateway, c.var, { kind: 'givePass', sid, expiresAt, useBy });
      if (outcome.kind === 'refused') return outcome.response;
      gateway.metrics.count('fairgate_requests_total', { decision: 'operatorPass', reason: 'given' });
      const pass = { sid, issuedAt };
      if (useBy === null) {
        const admissionToken = await passToken(gateway, config, snapshot.view.board.epoch, pass);
        return json({ expiresAt: rfc3339(expiresAt), admissionToken });
      }
      const link = await passLink(gateway, config, c.var.principal.actor.id, pass);
      return json({ expiresAt: rfc3339(expiresAt), link });
    },
  };
}
