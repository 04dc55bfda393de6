// How the gateway's documents begin: parts that compress as one text each.

export function documentHead(language: string, style: string): string {
  return [
    `<!doctype html><html lang="${language}"><head>`,
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">',
    '<meta name="format-detection" content="telephone=no">',
    `<style>${style}</style>`,
  ].join('');
}

/** Of a document about one draw or one receipt. */
export function documentOpening(language: string, style: string, script: string): readonly string[] {
  return [documentHead(language, style), `<script type="module">${script}</script>`];
}
