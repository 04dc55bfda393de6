// The demo site's stylesheet, inlined into every page, so that no further request can fail. Colours follow the Korean
// government's design system (KRDS); the font is the device's own Korean font.

import { createHash } from 'node:crypto';

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f4f5f6, #131416);
  --card: light-dark(#ffffff, #1e2124);
  --ink: light-dark(#1e2124, #f4f5f6);
  --ink-soft: light-dark(#464c53, #cdd1d5);
  --line: light-dark(#cdd1d5, #464c53);
  --line-strong: light-dark(#58616a, #8a949e);
  --accent: light-dark(#0b50d0, #86aff9);
  --accent-strong: light-dark(#083891, #b1cefb);
  --on-accent: light-dark(#ffffff, #03163a);
  --accent-wash: light-dark(#ecf2fe, #0b2350);
  --good: light-dark(#006e33, #6fd68c);
  --good-wash: light-dark(#eaf6ec, #10301b);
  --bad: light-dark(#bd2c0f, #ff9d85);
  --bad-wash: light-dark(#fdefec, #3d150c);
  --focus: light-dark(#0b50d0, #b1cefb);
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-block: 1rem; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 1.0625rem/1.65 "Pretendard GOV", Pretendard, -apple-system, BlinkMacSystemFont, "Apple SD Gothic Neo",
    "Noto Sans KR", "Noto Sans CJK KR", "Malgun Gothic", "Segoe UI", Roboto, sans-serif;
  word-break: keep-all; overflow-wrap: anywhere;
}
a { color: var(--accent); text-underline-offset: .2em; }
a:hover { color: var(--accent-strong); text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; border-radius: .25rem; }
h1, h2, h3, p, ul, dl, dd, fieldset { margin: 0; padding: 0; }
h1 { font-size: clamp(1.625rem, 1.3rem + 1.6vw, 2.125rem); line-height: 1.3; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; line-height: 1.4; }
h3 { font-size: 1.0625rem; line-height: 1.5; }
.wrap { max-width: 43rem; margin-inline: auto; padding-inline: 1rem; }
.skip { position: absolute; left: 1rem; top: -5rem; padding: .6rem 1rem; background: var(--card); z-index: 1; }
.skip:focus { top: .5rem; }
.notice { background: light-dark(#33363d, #000000); color: #ffffff; font-size: .9375rem; line-height: 1.5; }
.notice .wrap { padding-block: .5rem; }
.top { background: var(--card); border-bottom: 1px solid var(--line); }
.bar { padding-top: .75rem; }
.bar:not(:has(nav)) { padding-bottom: .75rem; }
.brand { display: flex; align-items: center; justify-content: space-between; gap: 1rem; }
.brand a, .name { display: inline-flex; align-items: center; min-height: 2.75rem; }
.name { gap: .6rem; color: var(--ink); font-weight: 700; text-decoration: none; line-height: 1.3; }
.name svg { flex: none; width: 1.75rem; height: 1.75rem; color: var(--accent); }
.lang { flex: none; padding-inline: .25rem; }
nav ul { display: flex; gap: 1.5rem; list-style: none; margin-top: .25rem; }
nav a {
  display: inline-flex; align-items: center; min-height: 2.75rem; color: var(--ink-soft); text-decoration: none;
  border-bottom: 3px solid transparent;
}
nav a:hover { color: var(--ink); border-color: var(--line-strong); }
nav a[aria-current] { color: var(--accent); font-weight: 700; border-color: var(--accent); }
p, li, dd { text-wrap: pretty; }
h1, h2, h3 { text-wrap: balance; }
main { padding-block: 2rem 3rem; display: grid; gap: 1.25rem; }
main:focus { outline: none; }
.lead { color: var(--ink-soft); margin-top: .5rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: clamp(1.25rem, 4vw, 2rem); }
.card > * + * { margin-top: 1rem; }
.soft { color: var(--ink-soft); }
.small { font-size: .9375rem; line-height: 1.55; }
.message { display: grid; grid-template-columns: auto 1fr; gap: .25rem .75rem; border-radius: .75rem; padding: 1rem 1.25rem; }
.message svg { width: 1.625rem; height: 1.625rem; margin-top: .1rem; }
.message > div > * + * { margin-top: .25rem; }
.message.good { background: var(--good-wash); border: 1px solid var(--good); }
.message.good svg, .message.good h1, .message.good h2 { color: var(--good); }
.message.bad { background: var(--bad-wash); border: 1px solid var(--bad); }
.message.bad svg, .message.bad h1, .message.bad h2 { color: var(--bad); }
.message.plain { background: var(--accent-wash); border: 1px solid var(--accent); }
.message.plain svg { color: var(--accent); }
.message.plain h1 { color: var(--accent-strong); }
.message ul { padding-left: 1.2rem; }
.message a { color: inherit; }
.message li { padding-block: .2rem; }
.message h1 { font-size: 1.5rem; }
.message h2 { font-size: 1.125rem; }
.count { font-variant-numeric: tabular-nums; }
.big { display: flex; align-items: baseline; justify-content: space-between; gap: 1rem; flex-wrap: wrap; }
.big .count { font-size: clamp(3rem, 2.4rem + 4vw, 4.5rem); line-height: 1.05; font-weight: 700; letter-spacing: -.03em; }
.big h2 { color: var(--ink-soft); font-weight: 500; }
.list { list-style: none; border-top: 1px solid var(--line); }
.list li {
  display: flex; align-items: baseline; justify-content: space-between; gap: 1rem; padding: .8rem .1rem;
  border-bottom: 1px solid var(--line);
}
.list .count { flex: none; font-weight: 700; }
.list .none { font-weight: 400; color: var(--ink-soft); }
.points { padding-left: 1.2rem; color: var(--ink-soft); }
.points li + li { margin-top: .35rem; }
.button {
  display: flex; align-items: center; justify-content: center; width: 100%; min-height: 3.5rem; padding: .75rem 1.5rem;
  border: 1px solid var(--accent); border-radius: .5rem; background: var(--accent); color: var(--on-accent);
  font: inherit; font-size: 1.1875rem; font-weight: 700; text-decoration: none; cursor: pointer;
}
.button:hover { background: var(--accent-strong); border-color: var(--accent-strong); color: var(--on-accent); }
.button.second { background: var(--card); color: var(--accent); }
.button.second:hover { background: var(--accent-wash); color: var(--accent-strong); }
.button.second.quiet { border-color: var(--line-strong); color: var(--ink); font-weight: 500; }
.actions { display: grid; gap: .75rem; }
.center { text-align: center; }
.center a { display: inline-block; padding-block: .6rem; }
fieldset { border: 0; min-width: 0; }
legend { padding: 0; }
fieldset > * + * { margin-top: 1rem; }
.clinic { padding-top: 1.25rem; border-top: 1px solid var(--line); }
.clinic .where { font-size: .9375rem; color: var(--ink-soft); line-height: 1.5; margin-top: .1rem; }
.times { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.25rem, 1fr)); gap: .5rem; margin-top: .75rem; }
.time {
  position: relative; display: grid; align-content: center; justify-items: center; min-height: 4rem; padding: .4rem .25rem;
  border: 1px solid var(--line-strong); border-radius: .5rem; text-align: center; line-height: 1.35; cursor: pointer;
}
.time b { font-size: 1.1875rem; font-variant-numeric: tabular-nums; }
.time span { font-size: .9375rem; color: var(--ink-soft); }
.time input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: pointer; }
.time:hover { border-color: var(--accent); background: var(--accent-wash); }
.time:has(:focus-visible) { outline: 3px solid var(--focus); outline-offset: 2px; }
.time:has(:checked) { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.time:has(:checked) span { color: inherit; }
.time .tick { display: none; position: absolute; top: .4rem; right: .4rem; width: 1rem; height: 1rem; }
.time:has(:checked) .tick { display: block; }
.time.gone { border: 1px dashed var(--line); background: var(--page); color: var(--ink-soft); cursor: default; }
.time.gone b { font-weight: 400; text-decoration: line-through; }
@media (forced-colors: active) { .time:has(:checked) { border: 4px solid Highlight; } }
.field { display: grid; gap: .25rem; }
.field label { font-weight: 700; }
.field input {
  width: 100%; min-height: 3.25rem; padding: .5rem .9rem; border: 1px solid var(--line-strong); border-radius: .5rem;
  background: var(--card); color: var(--ink); font: inherit; font-size: 1.125rem;
}
.field input.digits { font-variant-numeric: tabular-nums; letter-spacing: .08em; }
.field input.short { max-width: 9rem; }
.field input[aria-invalid] { border: 2px solid var(--bad); }
.field .error, fieldset > .error { color: var(--bad); font-weight: 700; }
.receipt { border-top: 4px solid var(--good); }
.number { text-align: center; padding-bottom: 1.25rem; border-bottom: 1px dashed var(--line-strong); }
.number dt { color: var(--ink-soft); }
.number dd {
  font-size: clamp(2.25rem, 1.2rem + 6vw, 3.5rem); line-height: 1.15; font-weight: 700; letter-spacing: .01em;
  font-variant-numeric: tabular-nums; white-space: nowrap;
}
.facts > div + div { margin-top: .9rem; }
.facts dt { color: var(--ink-soft); font-size: .9375rem; line-height: 1.4; }
.facts dd { font-weight: 700; line-height: 1.45; }
.facts .minor dd { font-weight: 400; }
@media (min-width: 40rem) {
  .facts > div { display: grid; grid-template-columns: 9rem 1fr; align-items: baseline; }
  .facts dt { font-size: 1.0625rem; }
  .actions.pair { grid-template-columns: 1fr 1fr; }
}
@media (prefers-contrast: more) { :root { --ink-soft: var(--ink); --line: var(--line-strong); } }
@media print {
  :root { color-scheme: light; }
  body { background: #ffffff; font-size: 12pt; }
  nav, .brand .lang, .skip, .actions, .unprinted { display: none; }
  .notice { background: none; color: #000000; border-bottom: 1px solid #000000; }
  .wrap { max-width: none; padding-inline: 0; }
  main { padding-block: 1rem; }
  .card { border-color: #000000; break-inside: avoid; }
}
`;

/** The Content-Security-Policy source that allows exactly this style. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;
