// socket.io: polling, the upgrade to a WebSocket, a lost connection, and the end of the session, with the client of its own page.

import type { Page } from 'playwright-core';
import { AS_SCRIPT, AS_SOCKET, type Site } from './site-trial.ts';

const SOCKET = '/socket.io/?EIO=4&transport=';

/** Under socket.io's own limit of 1 MB. */
const FILE_BYTES = 700_000;

/** Waits until the page has listed this, after what it listed before. */
const listed = (page: Page, text: string) =>
  page
    .locator('li', { hasText: new RegExp(`^${text}`) })
    .last()
    .waitFor();
const clear = (page: Page) => page.evaluate(`list.replaceChildren()`);
const say = (page: Page, text: string): Promise<{ text: string; sockets: number }> =>
  page.evaluate(`socket.timeout(10000).emitWithAck('say', ${JSON.stringify(text)})`);

export const socketIo: Site = {
  title: 'socket.io',
  packages: ['chromium-headless-shell'],

  async start(trial) {
    const cwd = trial.copy('socket-io');
    trial.npmInstall(cwd);
    await trial.serve(process.execPath, ['chat-server.js'], {
      cwd,
      env: { ...process.env, PORT: String(trial.sitePort) },
    });
  },

  async visit(trial) {
    const page = await trial.enteredInBrowser('/', 'h1:has-text("Chat")');
    const sockets: string[] = [];
    const other = await trial.browserPage();
    other.on('websocket', (socket) => sockets.push(socket.url()));
    await listed(page, 'opened by polling');
    trial.step('its client, from the site, connects by polling', true, '');
    await listed(page, 'upgraded to websocket');
    trial.step('and upgrades to a WebSocket', true, '');
    trial.step('a message is acknowledged', (await say(page, 'hello')).text === 'hello', '');

    await other.goto(trial.publicUrl);
    await listed(other, 'upgraded to websocket');
    await say(page, 'to all');
    await listed(other, 'said to all');
    trial.step('another visitor hears it', sockets.length === 1, sockets);

    for (const transport of ['polling', 'websocket']) {
      const echoed = await page.evaluate(`new Promise((done) => {
        const other = io({ transports: ['${transport}'], forceNew: true });
        const file = new Uint8Array(${FILE_BYTES}).fill(0xfa);
        other.emit('upload', file, ({ bytes, file: echo }) => {
          other.close();
          done([bytes, new Uint8Array(echo).every((byte) => byte === 0xfa)].join());
        });
      })`);
      const holds = echoed === `${FILE_BYTES},true`;
      trial.step(`a client with ${transport} alone sends a binary message and gets it back`, holds, echoed);
    }

    const before = await page.evaluate('socket.id');
    await clear(page);
    await page.evaluate('socket.io.engine.transport.ws.close()');
    await listed(page, 'disconnected: transport close');
    await listed(page, 'connected');
    const after = await page.evaluate('socket.id');
    await say(page, 'again');
    trial.step('a lost connection comes back by itself', before !== after, `${before} ${after}`);

    const sid = String(await page.evaluate('socket.io.engine.id'));
    await trial.strangersAreRefused(
      {
        'handshake by polling': [`${SOCKET}polling&t=a`, { headers: AS_SCRIPT }],
        'handshake by polling, without browser headers': [`${SOCKET}polling&t=a`],
        'poll of a visitor’s connection': [`${SOCKET}polling&sid=${sid}`, { headers: AS_SCRIPT }],
        'message to a visitor’s connection': [
          `${SOCKET}polling&sid=${sid}`,
          {
            method: 'POST',
            headers: { ...AS_SCRIPT, Origin: trial.publicUrl, 'Content-Type': 'text/plain;charset=UTF-8' },
          },
          '42["say","intruder"]',
        ],
        WebSocket: [`${SOCKET}websocket`, { headers: { ...AS_SOCKET, Origin: trial.publicUrl } }],
        'upgrade of a visitor’s connection': [
          `${SOCKET}websocket&sid=${sid}`,
          { headers: { ...AS_SOCKET, Origin: trial.publicUrl } },
        ],
        'client script': ['/socket.io/socket.io.js', { headers: AS_SCRIPT }],
      },
      /"sid"|Chat|intruder/,
    );
    const { sockets: two } = await say(page, 'both');
    trial.step('the server has the two visitors’ connections, and no other', two === 2, two);

    await clear(page);
    await trial.leaveInBrowser(page);
    await listed(page, 'disconnected: transport close');
    trial.step('the WebSocket ends with the session', true, '');
    await listed(page, 'refused: 403');
    trial.step('its client is told 403 when it tries again', true, '');
    const { sockets: one } = await say(other, 'alone');
    trial.step('the server keeps the other visitor’s connection only', one === 1, one);
    await page.reload();
    await listed(page, 'upgraded to websocket');
    trial.step('the page, loaded again, enters and is connected', true, '');
    await trial.leaveInBrowser(page);
    await trial.leaveInBrowser(other);
  },
};
