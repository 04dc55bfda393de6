// The data of the page with a receipt: the visitor's own, and what its script needs to check the receipt of anybody.

import type { Language } from './model.ts';
import type { CompletedVisit, ReceiptIssuer } from './receipt-check.ts';

export interface ReceiptModel {
  language: Language;
  /** Languages that the switch offers. */
  languages: readonly Language[];
  room: { id: string; title: { ko: string; en: string }; timeZone: string };
  issuer: Omit<ReceiptIssuer, 'room'>;
  /** The visitor's own receipt, and the address that its code has; null: none is known. */
  own: { visit: CompletedVisit; url: string } | null;
  /** The page's own address, where the switch of the language leads back to. */
  address: string;
  /** Where a visitor who takes another number wants to go; null: the room takes nobody. */
  joinFor: string | null;
}
