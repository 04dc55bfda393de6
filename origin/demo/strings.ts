// All texts of the demo site in Korean and English, each written for its own readers, and the formats of its numbers, dates
// and times.

import { type EpochMs, TIME_ZONE } from './clinics.ts';

export const LANGUAGES = ['ko', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Counts and times arrive formatted. */
interface Strings {
  siteName: string;
  demoNotice: string;
  skip: string;
  otherLanguage: string;
  left: (count: string) => string;
  full: string;
  navigation: { label: string; front: string; book: string; booking: string };
  front: {
    admittedTitle: string;
    admittedText: string;
    title: string;
    lead: string;
    stockLabel: string;
    asOf: (time: string) => string;
    clinicsTitle: string;
    start: string;
    notes: string[];
    find: string;
  };
  book: {
    title: string;
    timeLegend: string;
    timeHint: (asOf: string) => string;
    personLegend: string;
    name: string;
    nameHint: string;
    phoneEnd: string;
    phoneEndHint: string;
    submit: string;
    submitHint: string;
    errorTitle: string;
    errorSlot: string;
    errorName: string;
    errorPhoneEnd: string;
    takenTitle: string;
    takenText: (when: string) => string;
    soldOutTitle: string;
    soldOutText: string;
    soldOutFinish: string;
  };
  booking: {
    recordedTitle: string;
    recordedText: string;
    existingText: string;
    number: string;
    clinic: string;
    address: string;
    time: string;
    name: string;
    bookedAt: string;
    keepText: string;
    finishTitle: string;
    finishText: string;
    cancel: string;
    findTitle: string;
    findText: string;
    numberHint: string;
    find: string;
    notFoundTitle: string;
    notFoundText: string;
    tooManyAttemptsTitle: string;
    tooManyAttemptsText: string;
  };
  done: {
    finish: string;
    confirmTitle: string;
    confirmText: string;
    confirmWithoutBooking: string;
    back: string;
    title: string;
    withBooking: string;
    withoutBooking: string;
    receipt: string;
    later: string;
  };
  tryOut: {
    title: string;
    text: string;
    trouble: string;
    overload: string;
    overloadTitle: string;
    overloadText: (seconds: number) => string;
  };
  errors: {
    notFoundTitle: string;
    notFoundText: string;
    staleFormTitle: string;
    staleFormText: string;
    tooLargeTitle: string;
    tooLargeText: string;
    failedTitle: string;
    failedText: string;
    toFront: string;
  };
}

const KO: Strings = {
  siteName: '새봄시 예방접종 사전예약',
  demoNotice: '시연용 누리집입니다. 실제 기관과 관련이 없으며, 예약하셔도 실제 접종은 이루어지지 않습니다.',
  skip: '본문 바로가기',
  otherLanguage: 'English',
  left: (count) => `${count}자리`,
  full: '마감',
  navigation: { label: '주 메뉴', front: '안내', book: '예약하기', booking: '내 예약' },
  front: {
    admittedTitle: '입장하셨습니다',
    admittedText: '지금부터 예약하실 수 있습니다.',
    title: '예방접종 사전예약',
    lead: '의료기관과 시간을 선택하시면 바로 예약됩니다. 1인당 한 번만 예약하실 수 있습니다.',
    stockLabel: '남은 자리',
    asOf: (time) => `${time} 기준입니다. 다른 분들도 예약하고 있어 곧 줄어들 수 있습니다.`,
    clinicsTitle: '의료기관별 남은 자리',
    start: '예약하기',
    notes: [
      '새로고침하거나 창을 닫아도 예약은 그대로 유지됩니다.',
      '화면에 예약번호가 표시되면 예약이 완료된 것입니다. 예약번호가 표시되지 않으면 예약되지 않은 것입니다.',
    ],
    find: '이미 예약하셨나요? 내 예약 확인하기',
  },
  book: {
    title: '예약하기',
    timeLegend: '의료기관과 시간',
    timeHint: (asOf) => `남은 자리는 ${asOf} 기준입니다. 예약 버튼을 누르시면 다시 한번 확인합니다.`,
    personLegend: '예약하시는 분',
    name: '이름',
    nameHint: '의료기관에서 이 이름으로 안내해 드립니다.',
    phoneEnd: '휴대전화 번호 뒤 4자리',
    phoneEndHint: '나중에 예약을 다시 찾으실 때 사용합니다. 전체 번호는 받지 않습니다.',
    submit: '이 시간으로 예약하기',
    submitHint: '여러 번 누르셔도 한 번만 예약됩니다.',
    errorTitle: '아직 예약되지 않았습니다. 아래 내용을 확인해 주세요.',
    errorSlot: '의료기관과 시간을 선택해 주세요.',
    errorName: '이름을 40자 이내로 입력해 주세요.',
    errorPhoneEnd: '휴대전화 번호 뒤 4자리를 숫자로 입력해 주세요.',
    takenTitle: '예약되지 않았습니다',
    takenText: (when) =>
      `선택하신 ${when} 자리는 방금 다른 분이 예약하셨습니다. 아래에서 다른 시간을 선택해 주세요. 입력하신 내용은 그대로 있습니다.`,
    soldOutTitle: '모든 자리가 마감되었습니다',
    soldOutText: '남은 자리가 없어 예약하실 수 없습니다. 기다려 주셨는데 자리를 마련해 드리지 못해 죄송합니다.',
    soldOutFinish: '더 하실 일은 없습니다. 이용을 마치셔도 됩니다.',
  },
  booking: {
    recordedTitle: '예약이 완료되었습니다',
    recordedText: '예약이 안전하게 저장되었습니다. 창을 닫거나 새로고침해도 그대로 유지됩니다.',
    existingText: '이미 예약이 있어 새로 예약하지 않았습니다. 기존 예약 내용은 아래와 같습니다.',
    number: '예약번호',
    clinic: '의료기관',
    address: '주소',
    time: '접종 일시',
    name: '이름',
    bookedAt: '예약 시각',
    keepText: '예약번호를 적어 두시거나 이 화면을 인쇄해 두세요. 접종일에는 신분증을 가지고 오시기 바랍니다.',
    finishTitle: '확인을 마치셨나요?',
    finishText: '이용을 마치시면 다음 대기자가 바로 입장할 수 있습니다. 예약은 그대로 유지됩니다.',
    cancel: '예약 취소하기',
    findTitle: '내 예약 찾기',
    findText: '이번에 입장하신 뒤 예약하신 내역이 없습니다. 이전에 예약하셨다면 예약번호로 찾아 주세요.',
    numberHint: '숫자 8자리입니다.',
    find: '예약 찾기',
    notFoundTitle: '예약을 찾지 못했습니다',
    notFoundText: '예약번호와 휴대전화 번호 뒤 4자리를 다시 확인해 주세요.',
    tooManyAttemptsTitle: '더 이상 조회하실 수 없습니다',
    tooManyAttemptsText:
      '입력하신 내용이 여러 번 일치하지 않아 이번에는 더 조회하실 수 없습니다. 예약은 그대로 유지됩니다.',
  },
  done: {
    finish: '이용 마치기',
    confirmTitle: '이용을 마치시겠습니까?',
    confirmText: '예약은 그대로 유지됩니다. 다시 이용하시려면 새 번호를 받아 맨 뒤에서 기다리셔야 합니다.',
    confirmWithoutBooking:
      '아직 예약하지 않으셨습니다. 지금 마치시면, 다시 이용하실 때 새 번호를 받아 맨 뒤에서 기다리셔야 합니다.',
    back: '계속 이용하기',
    title: '이용을 마치셨습니다',
    withBooking: '예약은 아래와 같이 저장되어 있습니다. 이제 창을 닫으셔도 됩니다.',
    withoutBooking: '예약하신 내역은 없습니다. 이제 창을 닫으셔도 됩니다.',
    receipt: '예약 확인증 보기',
    later:
      '예약을 다시 확인하시려면 새 번호를 받아 입장하신 뒤 예약번호와 휴대전화 번호 뒤 4자리로 찾으실 수 있습니다.',
  },
  tryOut: {
    title: '시연 도구',
    text: '본 사이트에 문제가 생겼을 때 대기실이 어떻게 움직이는지 직접 확인하실 수 있습니다.',
    trouble: '일시적인 오류 일으키기',
    overload: '잠시 입장 멈추기',
    overloadTitle: '입장을 멈추도록 알렸습니다',
    overloadText: (seconds) =>
      `앞으로 ${seconds}초 동안 새로운 분은 입장하지 않습니다. 이미 입장하신 분은 계속 이용하실 수 있습니다.`,
  },
  errors: {
    notFoundTitle: '페이지를 찾을 수 없습니다',
    notFoundText: '주소가 바뀌었거나 잘못 입력되었습니다. 예약과 입장 상태는 그대로 유지됩니다.',
    staleFormTitle: '요청을 확인하지 못했습니다',
    staleFormText:
      '이 누리집에서 보낸 요청인지 확인하지 못해 아무것도 변경하지 않았습니다. 처음 화면에서 다시 시도해 주세요.',
    tooLargeTitle: '내용이 너무 길거나 형식이 맞지 않습니다',
    tooLargeText: '아무것도 변경하지 않았습니다. 처음 화면에서 다시 시도해 주세요.',
    failedTitle: '일시적인 오류가 발생했습니다',
    failedText:
      '저희 쪽의 문제이며, 입장 상태는 그대로 유지됩니다. 예약이 완료되었는지는 ‘내 예약’에서 확인하실 수 있습니다.',
    toFront: '처음 화면으로',
  },
};

const EN: Strings = {
  siteName: 'Saebom City vaccination booking',
  demoNotice: 'A demonstration site, not a real institution. A booking here does not lead to a vaccination.',
  skip: 'Skip to main content',
  otherLanguage: '한국어',
  left: (count) => `${count} left`,
  full: 'Full',
  navigation: { label: 'Main', front: 'About', book: 'Book', booking: 'My booking' },
  front: {
    admittedTitle: 'You are in',
    admittedText: 'Your turn has come. You can book now.',
    title: 'Book your vaccination',
    lead: 'Choose a clinic and a time to book at once. Each person can book once.',
    stockLabel: 'Appointments left',
    asOf: (time) => `As of ${time}. Others are booking too, so there may soon be fewer.`,
    clinicsTitle: 'Appointments left at each clinic',
    start: 'Book a time',
    notes: [
      'Refreshing or closing this page does not affect your booking.',
      'You are booked once you see a booking number. Without a booking number, nothing is booked.',
    ],
    find: 'Already booked? Find my booking',
  },
  book: {
    title: 'Book a time',
    timeLegend: 'Clinic and time',
    timeHint: (asOf) => `Appointments left as of ${asOf}. We check again when you press the button.`,
    personLegend: 'Your details',
    name: 'Name',
    nameHint: 'The clinic will call you by this name.',
    phoneEnd: 'Last four digits of your mobile number',
    phoneEndHint: 'Used to find your booking again. We do not ask for the whole number.',
    submit: 'Book this time',
    submitHint: 'Pressing more than once still makes one booking only.',
    errorTitle: 'Nothing is booked yet. Please check the following.',
    errorSlot: 'Choose a clinic and a time.',
    errorName: 'Enter a name of up to 40 characters.',
    errorPhoneEnd: 'Enter the last four digits of your mobile number.',
    takenTitle: 'Nothing was booked',
    takenText: (when) =>
      `The last appointment on ${when} has just been booked by someone else. Please choose another time below. Your details are still filled in.`,
    soldOutTitle: 'All appointments are taken',
    soldOutText:
      'There are no appointments left, so you cannot book. We are sorry that you waited and could not get one.',
    soldOutFinish: 'There is nothing more to do here. You can finish your visit.',
  },
  booking: {
    recordedTitle: 'Your booking is complete',
    recordedText: 'It has been saved. Refreshing or closing this page does not affect it.',
    existingText: 'You already had a booking, so no new one was made. These are its details.',
    number: 'Booking number',
    clinic: 'Clinic',
    address: 'Address',
    time: 'Appointment',
    name: 'Name',
    bookedAt: 'Booked at',
    keepText: 'Please write down the booking number or print this page. On the day, bring an identity card.',
    finishTitle: 'All done?',
    finishText: 'If you finish your visit, the next person in line can enter at once. Your booking stays.',
    cancel: 'Cancel this booking',
    findTitle: 'Find my booking',
    findText: 'You have not made a booking since you entered. If you booked earlier, find it by its number.',
    numberHint: 'Eight digits.',
    find: 'Find booking',
    notFoundTitle: 'Booking not found',
    notFoundText: 'Please check the booking number and the last four digits of your mobile number.',
    tooManyAttemptsTitle: 'No more attempts',
    tooManyAttemptsText:
      'The details did not match too many times, so you cannot look up a booking again during this visit. Your booking stays.',
  },
  done: {
    finish: 'Finish my visit',
    confirmTitle: 'Finish your visit?',
    confirmText: 'Your booking stays. To enter again, you take a new number and wait from the end of the line.',
    confirmWithoutBooking:
      'You have not made a booking. If you finish now, you take a new number and wait from the end of the line to enter again.',
    back: 'Not yet',
    title: 'Your visit is finished',
    withBooking: 'Your booking is saved as shown below. You can close this page.',
    withoutBooking: 'You have not made a booking. You can close this page.',
    receipt: 'Show my receipt',
    later:
      'To see the booking again, take a new number, and find the booking by its number and the last four digits of your mobile number.',
  },
  tryOut: {
    title: 'Try it out',
    text: 'See for yourself what the waiting room does when this site is in trouble.',
    trouble: 'Cause a passing error',
    overload: 'Let nobody in for a while',
    overloadTitle: 'The waiting room has been told',
    overloadText: (seconds) =>
      `Nobody else comes in for the next ${seconds} seconds. You and everybody inside can go on.`,
  },
  errors: {
    notFoundTitle: 'Page not found',
    notFoundText: 'The address is wrong or has changed. Your booking and your visit are not affected.',
    staleFormTitle: 'This request could not be confirmed',
    staleFormText: 'We could not confirm that it came from this site, so nothing was changed. Please start again.',
    tooLargeTitle: 'Too long, or not in the right format',
    tooLargeText: 'Nothing was changed. Please start again.',
    failedTitle: 'Something went wrong',
    failedText:
      'The problem is on our side, and you can stay on the site. To see whether a booking was made, open “My booking”.',
    toFront: 'Back to the start',
  },
};

export const STRINGS: Record<Language, Strings> = { ko: KO, en: EN };

const LOCALES: Record<Language, string> = { ko: 'ko-KR', en: 'en-GB' };

/** 1,200 in both languages. */
export function formatCount(count: number): string {
  return count.toLocaleString('en');
}

/** 8월 3일(화) · Tuesday 3 August */
export function formatDay(at: EpochMs, language: Language): string {
  if (language === 'en') return formatWith(at, language, { weekday: 'long', day: 'numeric', month: 'long' });
  const { month, day, weekday } = partsOf(at, language, { month: 'numeric', day: 'numeric', weekday: 'short' });
  return `${month}월 ${day}일(${weekday})`;
}

/** With the year, for the receipt. */
export function formatDate(at: EpochMs, language: Language): string {
  const { year } = partsOf(at, language, { year: 'numeric' });
  return language === 'ko' ? `${year}년 ${formatDay(at, language)}` : `${formatDay(at, language)} ${year}`;
}

/** 24-hour clock in both languages, which is unambiguous. */
export function formatTime(at: EpochMs, language: Language): string {
  return formatWith(at, language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

/** A day and a time together: 8월 3일(화) 09:00 · Tuesday 3 August, 09:00 */
export function joinDayAndTime(day: string, time: string, language: Language): string {
  return language === 'ko' ? `${day} ${time}` : `${day}, ${time}`;
}

/** With seconds: when something was counted or recorded. */
export function formatMoment(at: EpochMs, language: Language): string {
  return formatWith(at, language, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
}

function formatWith(at: EpochMs, language: Language, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(LOCALES[language], { ...options, timeZone: TIME_ZONE }).format(at);
}

function partsOf(at: EpochMs, language: Language, options: Intl.DateTimeFormatOptions): Record<string, string> {
  const format = new Intl.DateTimeFormat(LOCALES[language], { ...options, timeZone: TIME_ZONE });
  return Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
}
