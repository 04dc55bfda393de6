// The script of the page on which a visitor checks the draw: fetches the published document, checks it, and draws the page; a saved page
// has the document in itself. The page has no origin of its own (worker/gate/proof-response.ts), so requests carry no cookies, and the
// language is switched here, without a request.

import { show } from './jsx/jsx-runtime.ts';
import type { Language } from './model.ts';
import { checkDraw } from './proof-checks.ts';
import { type Draw, readDraw } from './proof-document.ts';
import { EARLIER_MAX, embeddedJson, evidenceJson, evidencePage, readPasted, savedModel } from './proof-evidence.ts';
import type { ProofModel } from './proof-model.ts';
import { headingOf, ProofHeader, ProofPage, type ProofView, type Words } from './proof-page.tsx';
import { movesShown } from './proof-picture.tsx';
import { type ReceiptReading, readReceipt } from './proof-receipt.ts';
import type { ProofStrings } from './proof-strings.ts';
import { longMoments, supportedZone } from './time-format.ts';

/** After this the server is taken for unreachable. */
const FETCH_MS_MAX = 15_000;

const LOCALES: Record<Language, string> = { ko: 'ko-KR', en: 'en-GB' };

const element = (id: string) => document.getElementById(id) as HTMLElement;
const [head, main, announcements] = [element('head'), element('page'), element('announcements')];
const style = document.querySelector('style')?.textContent ?? '';
const script = document.querySelector('script[type=module]')?.textContent ?? '';

const languages: Record<Language, ProofStrings> = JSON.parse(element('words').textContent);
let model: ProofModel = JSON.parse(element('fairgate').textContent);
let strings = languages[model.language];
let reading: ReceiptReading | null = model.receipt === null ? null : readReceipt(model.receipt, model.keys);
/** What the document was when this page or a pasted file saw it before. */
let earlier: Draw[] = [...(model.saved?.earlier ?? [])];
let wanted = openingIn(location.search) ?? ownOpening(reading);
let view: ProofView = { kind: 'loading' };
/** A later request makes the answer to this one worthless. */
let loads = 0;

draw();
void load();

async function load(): Promise<void> {
  const number = ++loads;
  update({ kind: 'loading' });
  const answer = model.saved?.draw ?? (await fetchDraw(wanted));
  if (number !== loads) return;
  if (typeof answer === 'string') return update({ kind: answer });
  update({ kind: 'checking' });
  // The signature takes a moment, in which nothing is drawn.
  await new Promise((resolve) => setTimeout(resolve, 50));
  if (number === loads) check(answer);
}

function check(found: Draw): void {
  const result = checkDraw({ draw: found, receipt: reading, earlier });
  const moves = result.shuffle === null ? [] : movesShown(result.shuffle, result.mine?.entry ?? null);
  const isKnown = earlier.some((copy) => JSON.stringify(copy) === JSON.stringify(found));
  if (model.saved === null && !isKnown) earlier = [...earlier, found].slice(0, EARLIER_MAX);
  const receiptEpoch = ownOpening(reading);
  update({ kind: 'checked', draw: found, result, moves, receiptEpoch });
}

async function fetchDraw(epoch: number | null): Promise<Draw | 'unreachable' | 'unknown' | 'unreadable'> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), FETCH_MS_MAX);
  try {
    const path = `/_fairgate/rooms/${model.room.id}/draw${epoch === null ? '' : `?epoch=${epoch}`}`;
    const headers = { Accept: 'application/json' };
    const response = await fetch(path, { signal: abort.signal, headers });
    if (response.status === 404) return 'unknown';
    if (!response.ok) return 'unreachable';
    const found = readDraw(await response.text());
    return found?.room === model.room.id && (epoch === null || found.epoch === epoch) ? found : 'unreadable';
  } catch {
    return 'unreachable'; // TypeError or AbortError: no network, or no answer in time
  } finally {
    clearTimeout(timer);
  }
}

/** The opening that a receipt of this room is for. */
function ownOpening(receipt: ReceiptReading | null): number | null {
  if (receipt === null || receipt.kind === 'unreadable') return null;
  return receipt.claims.room === model.room.id ? receipt.claims.epoch : null;
}

function openingIn(query: string): number | null {
  const epoch = new URLSearchParams(query).get('epoch') ?? '';
  return /^[1-9]\d{0,14}$/.test(epoch) ? Number(epoch) : null;
}

function update(next: ProofView): void {
  const before = headingOf(view, strings);
  view = next;
  draw();
  const heading = headingOf(view, strings);
  if (heading !== before) announcements.textContent = heading;
}

function draw(): void {
  const zone = supportedZone(model.room.timeZone);
  const words = wordsOf(strings.language, zone);
  const focused = document.activeElement;
  document.documentElement.lang = strings.language;
  document.title = `${headingOf(view, strings)} · ${model.room.title[strings.language]}`;
  const actions = { again: () => void load(), showOpening, paste, savePage, saveJson };
  show(head, <ProofHeader model={model} strings={strings} onSwitch={switchLanguage} />);
  show(
    main,
    <ProofPage model={model} strings={strings} view={view} words={words} actions={actions} zone={zoneName(zone)} />,
  );
  // A pressed button may have disappeared with the previous state: the heading of the new one takes the focus.
  if (focused?.isConnected === false) main.querySelector('h1')?.focus();
}

function wordsOf(language: Language, timeZone: string): Words {
  const numbers = new Intl.NumberFormat('en');
  const moment = longMoments(language, timeZone);
  return {
    number: (value) => numbers.format(value),
    moment: (at) => (Math.abs(at) <= 8.64e15 ? moment(at) : '?'),
  };
}

function zoneName(timeZone: string): string {
  const parts = new Intl.DateTimeFormat(LOCALES[strings.language], { timeZone, timeZoneName: 'long' }).formatToParts();
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? timeZone;
}

function switchLanguage(event: Event): void {
  event.preventDefault();
  strings = languages[strings.otherLanguage.language];
  model = { ...model, language: strings.language };
  draw();
}

function showOpening(epoch: number): void {
  wanted = epoch;
  void load();
}

function paste(): void {
  const pasted = readPasted((element('receipt') as HTMLTextAreaElement).value);
  model = { ...model, receipt: pasted.receipt };
  reading = readReceipt(pasted.receipt, model.keys);
  earlier = [...pasted.earlier, ...earlier].slice(0, EARLIER_MAX);
  wanted = ownOpening(reading) ?? wanted;
  void load();
}

function toSave(): ProofModel | null {
  if (view.kind !== 'checked') return null;
  if (model.saved !== null) return model;
  const { draw: found } = view;
  return savedModel(
    model,
    found,
    earlier.filter((copy) => copy !== found),
    reading,
    new Date().toISOString(),
  );
}

function savePage(): void {
  const saved = toSave();
  if (saved !== null)
    download('html', 'text/html', evidencePage(saved, embeddedJson(languages), document.title, style, script));
}

function saveJson(): void {
  const saved = toSave();
  if (saved !== null) download('json', 'application/json', evidenceJson(saved));
}

function download(extension: string, type: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  link.download = `draw-${model.room.id}-${view.kind === 'checked' ? view.draw.epoch : 0}.${extension}`;
  link.click();
  // The browser may still be reading it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
