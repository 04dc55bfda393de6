// The console as one self-contained document: style and script stand in it, and the Content-Security-Policy allows exactly
// these two texts, calls to this origin, and previews from it.

import script, { sha256 as scriptSha256 } from './console.tsx?bundle';
import style, { sha256 as styleSha256 } from './style.css?bundle';

export const consolePolicy = [
  "default-src 'none'",
  `script-src 'sha256-${scriptSha256}'`,
  `style-src 'sha256-${styleSha256}'`,
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const consoleDocument = [
  '<!doctype html><html lang="en"><head><meta charset="utf-8">',
  '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">',
  `<title>Fairgate</title><style>${style}</style></head>`,
  `<body><div id="console"></div><script type="module">${script}</script></body></html>`,
].join('');
