// The proof page as the server renders it: small, self-contained, and safe against hostile text.

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { QUICKNET as GATEWAYS_QUICKNET } from '../../worker/beacon/chain.ts';
import { QUICKNET_CHAIN } from '../../worker/beacon/quicknet.ts';
import { buildProofPage, proofModel } from './built-proof.ts';

/** The script with the pairing and both curves; noble's BLS12-381 alone has 26.2 KB. */
const SCRIPT_GZIP_BYTES_MAX = 40 * 1024;
/** With its style and its texts in both languages. */
const PAGE_GZIP_BYTES_MAX = 52 * 1024;

let proof: Awaited<ReturnType<typeof buildProofPage>>;
beforeAll(async () => {
  proof = await buildProofPage();
});

const render = (changes = {}) => {
  const { opening, rest } = proof.proofParts(proofModel(changes));
  return opening.join('') + rest;
};
const scriptOf = (html: string) => /<script type="module">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
const styleOf = (html: string) => /<style>(.*?)<\/style>/s.exec(html)?.[1] ?? '';

describe('the proof page', () => {
  test('has a script and a size that a phone on a bad network can load', () => {
    const html = render({ receipt: 'x'.repeat(500) });
    const script = gzipSync(scriptOf(html), { level: 9 }).length;
    const page = gzipSync(html, { level: 9 }).length;
    expect(script, `the script has ${script} bytes`).toBeLessThanOrEqual(SCRIPT_GZIP_BYTES_MAX);
    expect(page, `the page has ${page} bytes`).toBeLessThanOrEqual(PAGE_GZIP_BYTES_MAX);
    expect(script).toBeGreaterThan(20_000);
  });

  test('allows exactly its own script and style', () => {
    const html = render();
    const sourceOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    expect(proof.proofPolicy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${sourceOf(scriptOf(html))}`,
      `style-src ${sourceOf(styleOf(html))}`,
      "connect-src 'self'",
      "form-action 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      'sandbox allow-scripts allow-downloads',
    ]);
    expect(scriptOf(html)).not.toMatch(/<\/script|<!--|\beval\(|new Function/i);
  });

  test.each(['ko', 'en'] as const)('in %s loads nothing and says without a script what to do', (language) => {
    const html = render({ language });
    const markup = html.replaceAll(/<(style|script)[^>]*>.*?<\/\1>/gs, '');
    expect(html).toContain(`<html lang="${language}">`);
    expect(markup).not.toMatch(/\s(src|srcset|style|on\w+)=|<(link|iframe|object|embed|base|img|form)\b/);
    expect(markup).toContain('npm run verify-draw -- https://gate.example/_fairgate/rooms/demo/draw');
    expect(markup).toMatch(/does not run the script of this page|스크립트가 실행되지 않아/);
  });

  test('holds hostile text without a new element', () => {
    const hostile = '</script></title><script>alert(1)</script><!--';
    const html = render({
      receipt: hostile,
      drawUrl: hostile,
      room: { id: 'demo', title: { ko: hostile, en: hostile }, timeZone: 'Asia/Seoul' },
    });
    // The script itself writes pages: what it names stands in its own element.
    const around = html.replace(scriptOf(html), '');
    expect(around.match(/<script/g)).toHaveLength(3);
    expect(around.match(/<\/script/g)).toHaveLength(3);
    expect(around).not.toContain('<!--');
    expect(around.match(/<\/title/g)).toHaveLength(1);
  });

  test('trusts the chain that the gateway draws with by default', () => {
    expect(GATEWAYS_QUICKNET).toMatchObject(QUICKNET_CHAIN);
  });
});
