// How the documents begin that are about one draw or one receipt: parts that compress as one text each.

export function documentOpening(language: string, style: string, script: string): readonly string[] {
  const head = [
    `<!doctype html><html lang="${language}"><head>`,
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">',
    '<meta name="format-detection" content="telephone=no">',
    `<style>${style}</style>`,
  ];
  return [head.join(''), `<script type="module">${script}</script>`];
}
