// The recipe of docs/operators.md that mails alarms: it runs as it stands there, takes what the gateway signs, and nothing else.

import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { stopProcess, whenReady } from '../../scripts/lib/child-process.ts';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { PYTHON, requireInstalled } from '../../scripts/lib/system-packages.ts';
import { messageBody } from '../../worker/alarms/alarm-message.ts';
import { signedHeaders } from '../../worker/origin-calls/webhook-signature.ts';

const [, RECIPE = ''] =
  /^```python\n(# alarm-mail\.py.*?)^```$/ms.exec(
    readFileSync(resolve(import.meta.dirname, '../../docs/operators.md'), 'utf8'),
  ) ?? [];

const SECRET = new Uint8Array(32).fill(7);

it('mails an alarm that is signed, and refuses any other', async () => {
  requireInstalled(PYTHON);
  const folder = mkdtempSync(join(tmpdir(), 'fairgate-mail-'));
  const [script, mailer, mail] = ['alarm-mail.py', 'mailer', 'mail'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(script, RECIPE);
  writeFileSync(mailer, `#!/bin/sh\ncat > '${mail}'\n`);
  chmodSync(mailer, 0o755);
  const port = await freePort();
  const child = spawn(PYTHON.file, [script], {
    stdio: 'ignore',
    env: {
      ...process.env,
      ...{
        ALARM_SECRET: `whsec_${SECRET.toBase64()}`,
        ALARM_TO: 'night@example.org',
        MAILER: mailer,
        PORT: String(port),
      },
    },
  });
  try {
    const url = `http://127.0.0.1:${port}/`;
    const isListening = async () => {
      for (;;) {
        const answered = await fetch(url).then(
          () => true,
          () => false,
        );
        if (answered) return;
        await new Promise((next) => setTimeout(next, 20));
      }
    };
    await whenReady(child, 'alarm-mail.py', isListening());
    const now = Date.now();
    const room = { id: 'demo', title: { ko: '봄 예약', en: 'Spring' }, timeZone: 'Asia/Seoul' };
    const alarm = { kind: 'limitReached', active: 12_000 } as const;
    const news = { event: 'raised', alarm, room, number: 1, since: now, at: now } as const;
    const body = messageBody('standard', news, 'ko', 'https://gate.example.org');
    const send = async (headers: Record<string, string>, sent = body) =>
      (await fetch(url, { method: 'POST', headers, body: sent })).status;
    const signed = signedHeaders([SECRET], 'alarm_demo_1_raised_1', now, body);
    expect(await send({})).toBe(401);
    expect(await send(signed, body.replace('12', '13'))).toBe(401);
    expect(await send(signedHeaders([SECRET], 'old', now - 600_000, body))).toBe(401);
    expect(await send(signedHeaders([new Uint8Array(32)], 'other', now, body))).toBe(401);
    expect(existsSync(mail)).toBe(false);
    expect(await send(signed)).toBe(204);
    const text = readFileSync(mail, 'utf8');
    expect(text).toContain('To: night@example.org');
    const [, encoded = ''] = text.split('\n\n', 2);
    const content = /base64/i.test(text) ? Buffer.from(encoded, 'base64').toString() : text;
    expect(content).toContain('동시 이용 12,000자리가 모두 찼습니다.');
    expect(content).toContain('https://gate.example.org/_fairgate/console/#/rooms/demo');
  } finally {
    await stopProcess(child, 'SIGTERM', 2_000);
    rmSync(folder, { recursive: true, force: true });
  }
});
