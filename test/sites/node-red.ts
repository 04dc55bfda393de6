// Node-RED with users: the editor in a browser with its WebSocket, a flow deployed by the API with a Bearer token of Node-RED's
// own, and an address that the flow serves.

import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { WebSocket as BrowserSocket } from 'playwright-core';
import { AS_SCRIPT, AS_SOCKET, type Site } from './site-trial.ts';

const PASSWORD = randomBytes(12).toString('hex');

const FLOW = [
  { id: 'tab', type: 'tab', label: 'Clinic' },
  { id: 'in', type: 'http in', z: 'tab', name: '', url: '/slots', method: 'get', wires: [['page']] },
  {
    id: 'page',
    type: 'template',
    z: 'tab',
    field: 'payload',
    template: 'Slot for {{req.query.name}}',
    wires: [['out']],
  },
  { id: 'out', type: 'http response', z: 'tab', wires: [] },
];

export const nodeRed: Site = {
  title: 'Node-RED',
  packages: ['chromium-headless-shell'],

  async start(trial) {
    const cwd = trial.copy('node-red');
    trial.npmInstall(cwd);
    const bcrypt = createRequire(join(cwd, 'package.json'))('bcryptjs') as { hashSync(text: string): string };
    const env = { ...process.env, PORT: String(trial.sitePort), PASSWORD_HASH: bcrypt.hashSync(PASSWORD) };
    await trial.serve(process.execPath, ['node_modules/node-red/red.js', '--settings', 'settings.cjs'], { cwd, env });
  },

  async visit(trial) {
    const { publicUrl } = trial;
    const page = await trial.enteredInBrowser('/', '#node-dialog-login-username');
    const comms = page.waitForEvent('websocket', (socket: BrowserSocket) => socket.url().endsWith('/comms'));
    await page.fill('#node-dialog-login-username', 'editor');
    await page.fill('#node-dialog-login-password', PASSWORD);
    await page.click('#node-dialog-login-submit');
    await page.waitForSelector('.red-ui-palette-node');
    trial.step('the editor opens after its log-in, with its palette', true, '');
    const socket = await comms;
    const frames: string[] = [];
    socket.on('framereceived', ({ payload }) => frames.push(String(payload)));
    await page.waitForSelector('#red-ui-header-button-deploy');
    trial.step('its WebSocket is open', !socket.isClosed(), socket.url());

    const visitor = trial.visitor();
    await visitor.page('/', ({ text }) => text.includes('Node-RED'));
    const login = new URLSearchParams({
      client_id: 'node-red-editor',
      grant_type: 'password',
      scope: '*',
      username: 'editor',
      password: PASSWORD,
    }).toString();
    const form = { ...AS_SCRIPT, Origin: publicUrl, 'Content-Type': 'application/x-www-form-urlencoded' };
    const asForm = { method: 'POST', headers: form };
    const granted = await visitor.send('/auth/token', asForm, login);
    const token = granted.status === 200 ? String(JSON.parse(granted.text).access_token) : '';
    trial.step('Node-RED gives a token of its own', token !== '', granted.text);
    const bearer = { ...AS_SCRIPT, Authorization: `Bearer ${token}`, Origin: publicUrl, 'Node-RED-API-Version': 'v1' };
    const deploy = {
      method: 'POST',
      headers: { ...bearer, 'Content-Type': 'application/json', 'Node-RED-Deployment-Type': 'full' },
    };
    const deployed = await visitor.send('/flows', deploy, JSON.stringify(FLOW));
    trial.step(
      'a flow is deployed by the API with that token',
      deployed.status === 204,
      `${deployed.status} ${deployed.text}`,
    );
    const flows = await visitor.send('/flows', { headers: { ...bearer, Accept: 'application/json' } });
    trial.step('and read again', flows.text.includes('http response'), flows.text);
    const served = await visitor.send('/api/slots?name=Hana', { headers: AS_SCRIPT });
    trial.step('the flow’s address answers', served.text === 'Slot for Hana', `${served.status} ${served.text}`);
    await page.waitForSelector('.red-ui-notification, .notification-primary');
    const isTold = frames.some((frame) => frame.includes('notification/runtime-deploy'));
    trial.step('the open editor hears of it over its WebSocket', isTold, frames);

    await trial.strangersAreRefused(
      {
        'log-in': ['/auth/token', asForm, login],
        'read of the flows with a valid token of Node-RED': ['/flows', { headers: bearer }],
        'deployment with a valid token of Node-RED': ['/flows', deploy, '[]'],
        WebSocket: ['/comms', { headers: { ...AS_SOCKET, Origin: publicUrl } }],
        'request to the flow’s address': ['/api/slots?name=Eve', { headers: AS_SCRIPT }],
        'script of the editor': ['/red/red.min.js', { headers: AS_SCRIPT }],
      },
      /Slot for|http response|access_token|RED\./,
    );
    const kept = await visitor.send('/api/slots?name=Hana', { headers: AS_SCRIPT });
    trial.step('the flow is still the visitor’s', kept.text === 'Slot for Hana', kept.text);
    await trial.leave(visitor);
    const closed = socket.waitForEvent('close');
    await trial.leaveInBrowser(page);
    await closed;
    trial.step('the editor’s WebSocket ends with the session', true, '');
  },
};
