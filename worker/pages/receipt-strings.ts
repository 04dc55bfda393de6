// Every text of the page with a receipt, as one interface that each language implements. Values arrive formatted.

import type { Language } from './model.ts';
import type { ReceiptCheck } from './receipt-check.ts';

interface HeadingAndText {
  heading: string;
  text: string;
}

export interface ReceiptStrings {
  language: Language;
  /** The other language and its own name, for the switch. */
  otherLanguage: { language: Language; name: string };
  title: string;
  own: {
    heading: string;
    lead: string;
    qr: string;
    qrText: string;
    keep: HeadingAndText;
    validity: HeadingAndText;
  };
  none: HeadingAndText & { toWaitingPage: string };
  reference: string;
  completedAt: string;
  position: string;
  room: string;
  check: Record<ReceiptCheck['kind'], HeadingAndText>;
  /** What a genuine receipt does not say. */
  caution: string;
  paste: { open: string; how: string; label: string; button: string };
  noScript: string;
  another: { open: string; text: string; button: string };
  zone(name: string): string;
}
