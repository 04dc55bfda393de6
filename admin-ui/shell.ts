// The console as one self-contained HTML document with its script and style inline. It loads nothing but the API of the same
// origin, and its policy allows exactly these two texts. The gateway adds its usual headers.

import script, { sha256 as scriptSha256 } from './console.tsx?bundle';
import style, { sha256 as styleSha256 } from './style.css?bundle';

/** For this page only. Scripts may still set styles of elements, which charts need; frames are for previews of visitor pages. */
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

/**
 * @param language the browser's first choice; the operator's stored preference replaces it
 * @param provider host of the identity provider with which operators may sign in
 */
export function consolePage(language: 'ko' | 'en', provider: string | null): string {
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
<div id="console"${provider === null ? '' : ` data-provider="${provider}"`}></div>
<noscript><p>이 화면에는 자바스크립트가 필요합니다. This page needs JavaScript.</p></noscript>
<script>${script}</script>
</body>
</html>
`;
}
