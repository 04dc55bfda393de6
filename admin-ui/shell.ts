// The console as one self-contained HTML document: its script and style stand in it, nothing else is fetched but the API of
// the same origin, and the policy allows exactly these two texts. The gateway adds its usual headers.

import script, { sha256 as scriptSha256 } from './console.tsx?bundle';
import style, { sha256 as styleSha256 } from './style.css?bundle';

/**
 * For the page below and for nothing else. Charts and progress set styles on elements by script, which a policy leaves
 * alone; style attributes and anything from elsewhere are refused. Frames are for previews of visitors' pages.
 */
export const consolePolicy = [
  "default-src 'none'",
  `script-src 'sha256-${scriptSha256}'`,
  `style-src 'sha256-${styleSha256}'`,
  "connect-src 'self'",
  "frame-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** @param language what the browser asks for first; what the operator chose later takes its place */
export function consolePage(language: 'ko' | 'en'): string {
  return `<!doctype html>
<html lang="${language}" data-theme="dark">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<meta name="format-detection" content="telephone=no">
<title>Fairgate</title>
<style>${style}</style>
</head>
<body>
<div id="console"></div>
<noscript><p>이 화면에는 자바스크립트가 필요합니다. This page needs JavaScript.</p></noscript>
<script>${script}</script>
</body>
</html>
`;
}
