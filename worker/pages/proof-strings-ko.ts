// Korean strings of the page that checks the draw, in the words of a public service, for people who have never heard of a hash.

import type { ProofStrings } from './proof-strings.ts';

export const proofKo: ProofStrings = {
  language: 'ko',
  otherLanguage: { language: 'en', name: 'English' },
  title: '추첨 결과 확인',
  state: {
    start: {
      heading: '추첨 결과 확인',
      lead: '이 문구가 그대로 남아 있으면 브라우저에서 스크립트가 실행되지 않아 아무것도 확인하지 않은 것입니다. 스크립트를 허용하시거나 다른 프로그램으로 확인해 주세요.',
    },
    loading: { heading: '추첨 기록을 불러오고 있습니다', lead: '잠시만 기다려 주세요.' },
    checking: { heading: '추첨을 확인하고 있습니다', lead: '이 브라우저가 모든 계산을 직접 다시 합니다.' },
    unreachable: {
      heading: '추첨 기록을 불러오지 못했습니다',
      lead: '연결이 끊겼거나 서버가 응답하지 않아 아무것도 확인하지 못했습니다. 받으신 번호에는 영향이 없습니다.',
    },
    unknown: {
      heading: '추첨 기록이 없습니다',
      lead: '서버에 이 회차의 추첨 기록이 없어 확인할 내용이 없습니다.',
    },
    unreadable: {
      heading: '추첨 기록을 읽을 수 없습니다',
      lead: '이 화면이 아는 형식이 아니어서 아무것도 확인하지 못했습니다. 확인된 것으로 여기지 마세요.',
    },
  },
  verdict: {
    proven: {
      heading: '추첨에 이상이 없습니다',
      lead: '이 브라우저가 모든 계산을 다시 해 보았습니다. 이 참가 번호들을 두고 운영자를 포함해 누구도 순서를 고를 수 없었습니다.',
    },
    weaker: {
      heading: '계산은 모두 맞습니다',
      lead: '다만 이 추첨에는 이 화면이 아는 공개 난수가 쓰이지 않았습니다. 완전한 증명은 아니며, 이유는 3단계에 있습니다.',
    },
    pending: {
      heading: '아직 추첨 전입니다',
      lead: '지금 확인할 수 있는 것은 확인했습니다. 나머지는 시작 시각 이후에 다시 확인해 주세요.',
    },
    drawing: {
      heading: '추첨을 진행하고 있습니다',
      lead: '참가 인원이 확정되었고, 추첨은 보통 몇 초면 끝납니다. 지금 이 화면을 저장해 두시면 그 수가 나중에 바뀌었는지 확인하실 수 있습니다.',
    },
    failed: {
      heading: '맞지 않는 점이 있습니다',
      lead: '‘맞지 않음’으로 표시된 단계에 내용이 있습니다. 증거를 저장하고 운영자에게 설명을 요청해 주세요.',
    },
  },
  withoutReceipt: '추첨 전체에 대한 결과이며, 내 참가 번호는 확인하지 않았습니다.',
  opening: '{opening} 시작',
  myEntry: '내 참가 번호',
  myPosition: '내 순번',
  step: {
    seal: '비밀값을 미리 봉인했는지',
    entries: '참가 인원',
    randomness: '공개 난수',
    entry: '내 참가 번호',
    position: '순번 다시 계산하기',
  },
  outcome: { done: '맞음', failed: '맞지 않음', pending: '아직', note: '참고' },
  findings: {
    sealedAt: '비밀값은 시작 전인 {at}에 한 번 봉인되었습니다. 봉인값은 비밀값의 지문(SHA-256)입니다.',
    sealedAgain: '한 회차에 비밀값을 {times}번 봉인했습니다. 다시 고를 수 있으면 결과도 고를 수 있습니다.',
    sealedLate: '비밀값을 시작 시각({opening})이 지난 {at}에 봉인했습니다.',
    sealInReceipt: '{at}에 서명된 내 확인증에도 같은 봉인값이 있습니다.',
    otherSealInReceipt: '내 확인증의 봉인값이 다릅니다. 참가하신 뒤에 비밀값이 바뀌었습니다.',
    secretOpens: '공개된 비밀값이 봉인값과 일치합니다. 봉인했던 그 값이 맞습니다.',
    otherSecret: '공개된 비밀값이 봉인값과 일치하지 않습니다. 비밀값이 바뀌었습니다.',
    secretLater: '비밀값은 추첨 후에 공개됩니다.',
    secretWithheld: '추첨이 끝났다고 하지만 비밀값이 공개되지 않았습니다.',

    entriesFrozen:
      '기록된 참가 번호는 {entries}개이며 시작 시각({opening})에 확정되었습니다. 추첨 전에 이 화면을 저장해 두신 분은 그 수가 나중에 바뀌었는지 확인할 수 있습니다.',
    entriesLater: '참가 인원은 시작 시각({opening})에 확정됩니다.',
    entriesWithheld: '시작 시각이 지났지만 참가 인원이 공개되지 않았습니다.',
    copyAgrees: '전에 확인한 기록과 일치합니다.',
    copyDiffers: '이 화면에서 전에 확인했거나 붙여 넣으신 기록과 내용이 다릅니다. 둘 가운데 하나가 바뀌었습니다.',

    noRandomness:
      '공개 난수 없이 봉인된 비밀값만 쓰는 추첨입니다. 시작 전에 비밀값을 아는 사람이 있으면 참가 번호를 몇 개 더할지 시험해 볼 수 있습니다.',
    unknownChain:
      '난수가 ‘{name}’({hash})에서 왔습니다. 이 화면이 아는 공개 체인이 아닙니다. 체인을 운영하는 사람은 난수를 미리 알 수 있습니다.',
    falseChain: '기록에 적힌 체인 {name}의 키나 시각이 체인 해시와 맞지 않습니다.',
    roundDue:
      '{at}에 나올 예정이던 {round}번째 난수입니다. 참가 인원이 확정된 시작 시각에서 {seconds}초 이상 지난 첫 번째 난수입니다.',
    otherRound: '{round}번째 난수를 썼습니다. 시작 시각에 따르면 {right}번째 난수여야 합니다.',
    beaconLater: '난수는 아직 세상에 없습니다. 시작 몇 초 뒤에 공개됩니다.',
    beaconWithheld:
      '{deadline}까지 난수가 오지 않아 난수 없이 추첨했습니다. 늦은 것인지 일부러 쓰지 않은 것인지 밖에서는 알 수 없으므로 증명되지 않습니다.',
    randomnessOfSignature: '난수가 체인의 서명에서 계산된 값과 일치합니다.',
    otherRandomness: '난수가 서명에서 계산된 값과 다릅니다. 값이 바뀌었습니다.',
    chainSigned:
      '공개 체인 {name}(League of Entropy)의 {round}번째 서명이 맞습니다. 이 화면에 들어 있는 공개 키로 브라우저가 직접 확인했습니다.',
    chainDidNotSign: '공개 체인 {name}의 {round}번째 서명이 아닙니다.',

    noReceipt: '이 브라우저에 확인증이 없습니다. 저장해 둔 확인증이 있으면 아래에 붙여 넣어 주세요.',
    receiptUnreadable: '읽을 수 있는 확인증이 아닙니다. 처음부터 끝까지 복사했는지 확인해 주세요.',
    receiptUnknownKey:
      '확인증에 서명한 키가 서버의 키 가운데 없습니다. 다른 사이트의 확인증이거나 서버의 키가 바뀌었습니다.',
    receiptForged: '확인증의 서명이 맞지 않습니다. 서명된 뒤에 내용이 바뀌었습니다.',
    receiptGenuine: '서버가 서명한 진짜 확인증입니다.',
    otherRoom: '다른 대기실({room})의 확인증입니다.',
    otherEpoch: '내 확인증은 지금 보시는 추첨과 다른 회차의 것입니다.',
    entryWaits: '내 참가 번호는 {entry}번이며, 시작 시각에 추첨합니다.',
    entryTakesPart: '내 참가 번호는 {entries}개 가운데 {entry}번입니다.',
    entryTookPart: '참가 번호 {entries}개 가운데 {entry}번으로 추첨에 참가했습니다.',
    entryLate: '시작 시각({opening})이 지난 {at}에 서명된 확인증입니다.',
    entryLeftOut: '내 참가 번호는 {entry}번인데 {entries}번까지만 참가했다고 합니다. 추첨에서 빠졌습니다.',
    cameLater: '시작 후에 오셔서, 추첨에 참가한 분들 다음에 도착한 순서대로 {position}번을 받으셨습니다.',
    positionWithoutDraw:
      '추첨 없이 {position}번을 받은 확인증입니다. {entries}번까지는 추첨에 참가한 분들의 번호입니다.',

    positionLater: '순번은 추첨이 끝난 뒤에 계산합니다.',
    seedFollows: '추첨의 출발값이 비밀값, 난수, 참가 인원에서 계산한 값과 일치합니다.',
    seedWithheld: '공개되지 않은 값이 있어 추첨의 출발값을 다시 계산할 수 없습니다.',
    otherSeed: '출발값이 비밀값, 난수, 참가 인원에서 계산한 값과 다릅니다. 셋 가운데 하나가 바뀌었습니다.',
    positionComputed: '출발값으로 직접 계산한 결과, 참가 번호 {entry}번의 순번은 {position}번입니다.',
    positionByArrival: '내 번호 {position}번은 추첨으로 정해진 것이 아닙니다.',
    nobodyTookPart: '이 추첨에는 아무도 참가하지 않았습니다.',
  },

  picture: {
    title: '추첨으로 순서가 어떻게 바뀌었나',
    all: '왼쪽은 참가 번호 {shown}개 전부, 오른쪽은 순번이며, 선으로 이어져 있습니다.',
    sample:
      '왼쪽은 참가 번호 {entries}개 가운데 고르게 뽑은 것과 내 번호 주변을 합한 {shown}개, 오른쪽은 순번이며, 선으로 이어져 있습니다.',
    mine: '굵은 선이 내 것입니다. 참가 번호 {entry}번이 순번 {position}번이 되었습니다.',
    entry: '참가 번호',
    position: '순번',
    table: '그림에 나온 번호',
    me: '나',
  },

  again: '다시 확인하기',
  showOpening: '내 회차 보기',
  paste: {
    open: '저장해 둔 확인증으로 확인하기',
    how: '확인증이나 증거 JSON 파일의 내용을 모두 붙여 넣어 주세요. 이 브라우저 안에서만 쓰이며 어디로도 보내지 않습니다.',
    label: '확인증',
    button: '이 확인증으로 확인',
  },
  withheld: '다른 사이트를 거쳐 오셔서 이 화면에 확인증을 넣지 않았습니다. 대기 화면에서 이 화면을 열어 주세요.',
  toWaitingPage: '대기 화면으로 가기',
  save: {
    title: '증거 보관하기',
    what: '저장한 파일은 인터넷 없이도 두 번 눌러 열 수 있으며, 열 때마다 모든 것을 다시 확인합니다.',
    warning:
      '파일에 내 확인증이 들어 있습니다. 이번 회차가 끝날 때까지는 파일을 가진 사람이 내 순서를 쓸 수 있으니 아무에게도 주지 마세요.',
    page: '증거 저장하기',
    json: 'JSON으로 저장하기',
  },
  saved: '저장된 사본입니다(저장한 기기의 시계로 {at}). 인터넷 없이 지금 다시 확인했습니다.',
  values: {
    title: '실제 값 보기',
    secret: '비밀값',
    commitment: '봉인값(비밀값의 SHA-256)',
    seed: '출발값',
    randomness: '난수',
    signature: '공개 체인의 서명',
  },
  independent: {
    title: '이 화면도 믿기 어려우시다면',
    how: '이 화면은 추첨을 한 서버에서 옵니다. 추첨 기록은 누구나 다른 프로그램으로도 확인할 수 있습니다. 예를 들어 내 컴퓨터에서 Fairgate의 verify-draw를 실행하세요.',
  },
  zone: '시각은 서버 시각({name}) 기준입니다.',
};
