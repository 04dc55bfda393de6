// What a visitor keeps of a draw: one page that checks itself again without a network, and the same as JSON. And what they paste in again
// later.

import { sha256 } from '@noble/hashes/sha2.js';
import { DRAW_CHARS_MAX, type Draw, isDraw } from './proof-document.ts';
import type { ProofModel } from './proof-model.ts';
import type { ReceiptReading } from './proof-receipt.ts';

const FORMAT = 'fairgate/evidence/v1';

/** Copies of the document that are kept, the first ones: what comes later cannot drive them out. */
export const EARLIER_MAX = 8;

export interface Pasted {
  receipt: string;
  earlier: readonly Draw[];
}

/** The model of a saved page: what it needs, and no key but the one that signed the receipt. */
export function savedModel(
  model: ProofModel,
  draw: Draw,
  earlier: readonly Draw[],
  reading: ReceiptReading | null,
  at: string,
): ProofModel {
  const keys = reading?.kind === 'genuine' ? [reading.key] : [];
  return { ...model, keys, saved: { at, draw, earlier: earlier.slice(0, EARLIER_MAX) } };
}

/** The evidence as a program reads it; its `keys` are a JWK set (RFC 7517). */
export function evidenceJson({ receipt, keys, drawUrl, saved }: ProofModel): string {
  const jwks = keys.map((key) => ({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', ...key }));
  const { at: savedAt, draw, earlier } = saved ?? {};
  return `${JSON.stringify({ format: FORMAT, savedAt, drawUrl, receipt, keys: jwks, draw, earlier }, null, 2)}\n`;
}

/** The page itself with its data in place of the network, which its policy forbids. @param words the texts, as the page embeds them */
export function evidencePage(model: ProofModel, words: string, title: string, style: string, script: string): string {
  const policy = [
    "default-src 'none'",
    `script-src ${sourceOf(script)}`,
    `style-src ${sourceOf(style)}`,
    "form-action 'none'",
    "base-uri 'none'",
  ].join('; ');
  return [
    `<!doctype html><html lang="${model.language}"><head><meta charset="utf-8">`,
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">',
    `<title>${title.replace(/[<&]/g, (character) => `&#${character.charCodeAt(0)};`)}</title>`,
    `<style>${style}</style><script type="module">${script}</script></head>`,
    `<body><header id="head"></header><main id="page"></main><p id="announcements" class="visually-hidden" role="status"></p>`,
    `<script type="application/json" id="words">${words}</script>`,
    `<script type="application/json" id="fairgate">${embeddedJson(model)}</script></body></html>`,
  ].join('');
}

/** JSON that can neither close the script element around it nor open a comment in it. */
export function embeddedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** A receipt, or a file of evidence with one in it. The keys of a file prove nothing: only the gateway's own count. */
export function readPasted(text: string): Pasted {
  const alone = { receipt: text.trim(), earlier: [] };
  if (text.length > (EARLIER_MAX + 2) * DRAW_CHARS_MAX || !text.trim().startsWith('{')) return alone;
  try {
    const { receipt, draw, earlier } = JSON.parse(text);
    return {
      receipt: typeof receipt === 'string' ? receipt : '',
      earlier: [...(Array.isArray(earlier) ? earlier.slice(0, EARLIER_MAX) : []), draw].filter(isDraw),
    };
  } catch {
    return alone; // SyntaxError: not JSON; the receipt is said to be unreadable
  }
}

function sourceOf(text: string): string {
  return `'sha256-${btoa(String.fromCharCode(...sha256(new TextEncoder().encode(text))))}'`;
}
