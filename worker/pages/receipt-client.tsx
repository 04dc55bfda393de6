// The script of the page with a receipt: checks what stands behind the `#` of the address, which no server gets, or what is scanned into its
// field. Without either the page stays as the server made it. It makes no request, and works from a file.

import { show } from './jsx/jsx-runtime.ts';
import type { Language } from './model.ts';
import { checkReceipt, type ReceiptCheck } from './receipt-check.ts';
import type { ReceiptModel } from './receipt-model.ts';
import { CheckedReceipt, PasteForm } from './receipt-page.tsx';
import type { ReceiptStrings } from './receipt-strings.ts';
import { receiptEn } from './receipt-strings-en.ts';
import { receiptKo } from './receipt-strings-ko.ts';
import { longMoments } from './time-format.ts';

const LANGUAGES: Record<Language, ReceiptStrings> = { ko: receiptKo, en: receiptEn };

const element = (id: string) => document.getElementById(id) as HTMLElement;
const model: ReceiptModel = JSON.parse(element('fairgate').textContent);
const strings = LANGUAGES[model.language];
const title = model.room.title[model.language];
const served = document.title;
const words = {
  number: (value: number) => new Intl.NumberFormat('en').format(value),
  moment: longMoments(model.language, model.room.timeZone),
};

/** A saved copy of the page has what its script drew then: only what is checked now counts. */
function start(): void {
  for (const link of document.links) link.hash = location.hash;
  // Another fragment belongs to the site, at whose addresses the own receipt is shown too.
  const isReceipts = location.protocol === 'file:' || /\/receipt$/.test(location.pathname);
  if (location.hash.length > 1 && isReceipts) check(location.hash);
  else showServed();
}

function showServed(): void {
  document.title = served;
  element('own').hidden = false;
  element('checked').hidden = true;
  const scan = element('scan');
  scan.hidden = false;
  show(
    scan,
    <details>
      <summary>{strings.paste.open}</summary>
      <PasteForm strings={strings} onCheck={checkField} />
    </details>,
  );
}

function checkField(): void {
  const field = element('receipt') as HTMLInputElement;
  const text = field.value;
  field.value = '';
  check(text);
  element('checked').querySelector('h1')?.focus();
}

function check(text: string): void {
  const result: ReceiptCheck = checkReceipt(text, { ...model.issuer, room: model.room.id });
  const { heading } = strings.check[result.kind];
  element('own').hidden = true;
  element('checked').hidden = false;
  element('scan').hidden = true;
  show(element('scan'), null);
  show(
    element('checked'),
    <CheckedReceipt
      room={model.room.title[model.language]}
      strings={strings}
      words={words}
      check={result}
      onCheck={checkField}
    />,
  );
  document.title = `${heading} · ${title}`;
  element('announcements').textContent = heading;
}

start();
addEventListener('hashchange', start);
