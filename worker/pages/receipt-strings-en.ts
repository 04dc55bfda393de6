// English strings of the page with a receipt.

import type { ReceiptStrings } from './receipt-strings.ts';

export const receiptEn: ReceiptStrings = {
  language: 'en',
  otherLanguage: { language: 'ko', name: '한국어' },
  title: 'Receipt',
  own: {
    heading: 'Your booking was recorded',
    lead: 'You are done. There is nothing more to do here.',
    qr: 'QR code of your receipt',
    qrText: 'Show this code where you are asked for it. It opens a page that says whether the receipt is genuine.',
    keep: {
      heading: 'Your receipt is kept',
      text: 'Open this page again in this browser at any time. Print it or take a picture to have it without a network.',
    },
    validity: {
      heading: 'If you change or cancel',
      text: 'Please do that on the site itself. This receipt says when your booking was recorded, not what became of it later.',
    },
  },
  none: {
    heading: 'There is no receipt in this browser',
    text: 'A receipt is here once the site has recorded your booking, in the browser in which you made it. If you have booked and see this, please check on the site itself.',
    toWaitingPage: 'Go to the waiting page',
  },
  reference: 'Reference',
  completedAt: 'Recorded',
  position: 'Number in line',
  room: 'Waiting room',
  check: {
    valid: { heading: 'This receipt is valid', text: 'This waiting room signed it, and nothing in it was changed.' },
    otherRoom: {
      heading: 'Not valid here',
      text: 'The receipt is genuine, but it is for another waiting room of this site.',
    },
    unreadable: {
      heading: 'Not valid: this is not a receipt',
      text: 'It cannot be read. If it was scanned or copied, please do so again, and take all of it.',
    },
    unknownKey: {
      heading: 'Not valid: the signer is unknown',
      text: 'None of the keys on this page has signed it. If this page was saved long ago, open it again on line.',
    },
    forged: { heading: 'Not valid: it was changed', text: 'The signature does not fit what the receipt says.' },
    otherGateway: { heading: 'Not valid: it is from another site', text: 'It was issued under another address.' },
  },
  caution:
    'A copy of a receipt looks the same. Compare the reference with your own list, which also knows about changes and cancellations.',
  paste: {
    open: 'Check another receipt',
    how: 'Scan or paste a receipt, or the whole address from its code. It stays in this browser: nothing is sent.',
    label: 'Receipt',
    button: 'Check',
  },
  noScript: 'To check a scanned receipt, this page needs JavaScript. Nothing was checked.',
  another: {
    open: 'I want to book something else',
    text: 'With a new number you wait from the end of the line. This receipt stays.',
    button: 'Take a new number',
  },
  zone: (name) => `All times are server time (${name}).`,
};
