// A QR code (ISO/IEC 18004) as a drawing, made by the server: a page without a script has it too. Dark on light in every theme, with the
// margin that scanners need.

import { encode } from 'uqr';

/** Modules of light margin around the code. */
const MARGIN = 4;

export function QrCode({ content, label }: { content: string; label: string }) {
  const { size, data } = encode(content, { ecc: 'L', border: MARGIN });
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
      <path fill="#000" d={data.map(darkRuns).join('')} />
    </svg>
  );
}

/** The dark modules of a row, each run of them as one bar. */
function darkRuns(row: boolean[], y: number): string {
  const bits = row.map((isDark) => (isDark ? '1' : '0')).join('');
  return [...bits.matchAll(/1+/g)]
    .map(({ index, 0: run }) => `M${index} ${y}h${run.length}v1h-${run.length}z`)
    .join('');
}
