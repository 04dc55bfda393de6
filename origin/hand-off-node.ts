// The hand-off for Node: Express-style middleware, `http.createServer`, and upgrades (WebSocket), which no browser follows to the
// room: they need an admission already.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createHandOff, type HandOffOutcome, type HandOffRequest } from './hand-off-flow.ts';
import type { HandOffOptions } from './hand-off-options.ts';
import { judgeUpgrade, type NodeAdmission, sendAnswer } from './node-responses.ts';

/**
 * Middleware before all handlers: an admitted visitor's claims are in `request.admission`; any other is sent to the room, or
 * refused. @throws VerifierOptionsError
 */
export function handOff(options: HandOffOptions): NodeAdmission {
  const answer = createHandOff(options);
  const judge = async (request: IncomingMessage, read: HandOffRequest): Promise<HandOffOutcome> => {
    // An earlier value does not come from this check.
    delete request.admission;
    const outcome = await answer(read);
    if (outcome.kind === 'admitted') request.admission = outcome.claims;
    return outcome;
  };
  return Object.assign(
    (request: IncomingMessage, response: ServerResponse, next: () => void) => {
      judge(request, requestOf(request)).then((outcome) => {
        const cookies = outcome.cookies.length === 0 ? {} : { 'Set-Cookie': outcome.cookies };
        if (outcome.kind === 'answer') {
          sendAnswer(response, { ...outcome, headers: { ...outcome.headers, ...cookies } });
          return;
        }
        if (outcome.cookies.length > 0) response.setHeader('Set-Cookie', [...setBefore(response), ...outcome.cookies]);
        // No shared cache may store what needed an admission; the handler may say more.
        if (!response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'private');
        next();
      });
    },
    {
      upgrade: (request: IncomingMessage, socket: Duplex) =>
        judgeUpgrade(socket, () => {
          const { header, ...read } = requestOf(request);
          // With nothing that could make a page of it.
          return judge(request, { ...read, header: (name) => (name === 'Cookie' ? header(name) : null) });
        }),
    },
  );
}

function requestOf(request: IncomingMessage & { originalUrl?: string }): HandOffRequest {
  const { method = 'GET', url = '/', headers } = request;
  return {
    method,
    // Express shortens `url` where the middleware is mounted on a path.
    target: request.originalUrl ?? url,
    header: (name) => {
      const value = headers[name.toLowerCase()];
      return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value;
    },
  };
}

function setBefore(response: ServerResponse): string[] {
  const value = response.getHeader('Set-Cookie');
  return value === undefined ? [] : [value].flat().map(String);
}
