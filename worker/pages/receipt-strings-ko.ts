// Korean strings of the page with a receipt, in the words of a public service.

import type { ReceiptStrings } from './receipt-strings.ts';

export const receiptKo: ReceiptStrings = {
  language: 'ko',
  otherLanguage: { language: 'en', name: 'English' },
  title: '예약 확인증',
  own: {
    heading: '예약이 접수되었습니다',
    lead: '모두 마치셨습니다. 더 하실 일은 없습니다.',
    qr: '예약 확인증 QR 코드',
    qrText: '확인이 필요한 곳에서 이 코드를 보여 주세요. 진짜 확인증인지 알려 주는 화면이 열립니다.',
    keep: {
      heading: '확인증은 보관됩니다',
      text: '이 브라우저에서 언제든지 다시 열어 보실 수 있습니다. 인쇄하거나 사진으로 찍어 두시면 인터넷 없이도 볼 수 있습니다.',
    },
    validity: {
      heading: '변경하거나 취소하시려면',
      text: '사이트에서 직접 해 주세요. 이 확인증은 접수된 시각만 증명하며, 그 뒤의 변경이나 취소는 나타나지 않습니다.',
    },
  },
  none: {
    heading: '이 브라우저에는 예약 확인증이 없습니다',
    text: '예약이 접수되면 예약하신 브라우저에서 확인증을 보실 수 있습니다. 예약하셨는데 이 화면이 나오면 사이트에서 확인해 주세요.',
    toWaitingPage: '대기 화면으로 가기',
  },
  reference: '접수 번호',
  completedAt: '접수 시각',
  position: '대기 번호',
  room: '대기실',
  check: {
    valid: { heading: '유효한 확인증입니다', text: '이 대기실에서 발급했으며 내용이 바뀌지 않았습니다.' },
    otherRoom: {
      heading: '이곳에서는 유효하지 않습니다',
      text: '진짜 확인증이지만 이 사이트의 다른 대기실에서 발급한 것입니다.',
    },
    unreadable: {
      heading: '유효하지 않습니다: 확인증이 아닙니다',
      text: '내용을 읽을 수 없습니다. 처음부터 끝까지 다시 스캔하거나 복사해 주세요.',
    },
    unknownKey: {
      heading: '유효하지 않습니다: 서명한 곳을 알 수 없습니다',
      text: '이 화면에 있는 어떤 키로도 서명되지 않았습니다. 오래전에 저장한 화면이면 인터넷에 연결해 다시 열어 주세요.',
    },
    forged: { heading: '유효하지 않습니다: 내용이 바뀌었습니다', text: '서명이 확인증의 내용과 맞지 않습니다.' },
    otherGateway: {
      heading: '유효하지 않습니다: 다른 사이트의 확인증입니다',
      text: '다른 주소에서 발급한 확인증입니다.',
    },
  },
  caution:
    '복사한 확인증도 똑같아 보입니다. 접수 번호를 보유하신 명단과 대조해 주세요. 변경과 취소도 명단에서 확인할 수 있습니다.',
  paste: {
    open: '다른 확인증 검사하기',
    how: '확인증이나 QR 코드의 주소 전체를 스캔하거나 붙여 넣어 주세요. 이 브라우저 안에서만 확인하며 어디에도 보내지 않습니다.',
    label: '확인증',
    button: '검사하기',
  },
  noScript: '스캔한 확인증을 검사하려면 자바스크립트가 필요합니다. 아무것도 확인하지 않았습니다.',
  another: {
    open: '다른 예약도 하려면',
    text: '새 번호를 받으면 맨 뒤에서 기다립니다. 이 확인증은 그대로 유지됩니다.',
    button: '새 번호 받기',
  },
  zone: (name) => `모든 시각은 서버 시각(${name}) 기준입니다.`,
};
