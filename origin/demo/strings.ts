// Everything the demo site says, in Korean and in English. Each language is written for itself, not translated line by
// line; the compiler holds both to the same list.

import { type EpochMs, TIME_ZONE } from './clinics.ts';

export const LANGUAGES = ['ko', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Words {
  siteName: string;
  demoNotice: string;
  skip: string;
  otherLanguage: string;
  navigation: { label: string; front: string; book: string; booking: string };
  front: {
    admittedTitle: string;
    admittedText: string;
    title: string;
    lead: string;
    stockLabel: string;
    readAt: (time: string) => string;
    clinicsTitle: string;
    left: (count: number) => string;
    none: string;
    start: string;
    notes: string[];
    find: string;
  };
  book: {
    title: string;
    timeLegend: string;
    timeHint: (readAt: string) => string;
    left: (count: number) => string;
    gone: string;
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
    keptText: string;
    number: string;
    clinic: string;
    address: string;
    time: string;
    name: string;
    bookedAt: string;
    keepText: string;
    finishTitle: string;
    finishText: string;
    findTitle: string;
    findText: string;
    numberHint: string;
    find: string;
    notFoundTitle: string;
    notFoundText: string;
    tooManyTitle: string;
    tooManyText: string;
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
    later: string;
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

const KO: Words = {
  siteName: '새봄시 예방접종 사전예약',
  demoNotice: '시연용 누리집입니다. 실제 기관과 관계가 없으며, 예약해도 접종은 이루어지지 않습니다.',
  skip: '본문 바로가기',
  otherLanguage: 'English',
  navigation: { label: '주 메뉴', front: '안내', book: '예약하기', booking: '내 예약' },
  front: {
    admittedTitle: '입장하셨습니다',
    admittedText: '차례가 되어 들어오셨습니다. 지금부터 예약하실 수 있습니다.',
    title: '예방접종 사전예약',
    lead: '의료기관과 시간을 고르면 바로 예약됩니다. 한 분이 한 번 예약하실 수 있습니다.',
    stockLabel: '남은 자리',
    readAt: (time) => `${time}에 확인한 수입니다. 다른 분도 예약하고 있어 곧 줄어들 수 있습니다.`,
    clinicsTitle: '의료기관별 남은 자리',
    left: (count) => `${count}자리`,
    none: '마감',
    start: '예약하기',
    notes: [
      '새로고침하거나 창을 닫아도 예약은 그대로 남습니다.',
      '예약번호가 화면에 나오면 예약이 끝난 것입니다. 번호가 나오지 않았다면 예약되지 않은 것입니다.',
    ],
    find: '예약을 이미 하셨나요? 내 예약 확인하기',
  },
  book: {
    title: '예약하기',
    timeLegend: '의료기관과 시간',
    timeHint: (readAt) => `남은 자리는 ${readAt}에 확인했습니다. 예약 단추를 누를 때 한 번 더 확인합니다.`,
    left: (count) => `${count}자리`,
    gone: '마감',
    personLegend: '예약하시는 분',
    name: '이름',
    nameHint: '접수할 때 부르는 이름입니다.',
    phoneEnd: '휴대전화 번호 끝 네 자리',
    phoneEndHint: '나중에 예약을 다시 찾을 때 씁니다. 전체 번호는 받지 않습니다.',
    submit: '이 시간으로 예약',
    submitHint: '여러 번 눌러도 한 번만 예약됩니다.',
    errorTitle: '아직 예약되지 않았습니다. 아래 내용을 확인해 주세요.',
    errorSlot: '의료기관과 시간을 골라 주세요.',
    errorName: '이름을 40자 이내로 적어 주세요.',
    errorPhoneEnd: '휴대전화 번호의 끝 네 자리를 숫자로 적어 주세요.',
    takenTitle: '예약되지 않았습니다',
    takenText: (when) =>
      `고르신 ${when} 자리는 방금 다른 분이 예약하셨습니다. 예약된 것은 없으니 아래에서 다른 시간을 골라 주세요. 적으신 내용은 그대로 두었습니다.`,
    soldOutTitle: '모든 자리가 마감되었습니다',
    soldOutText: '지금 남은 자리가 없습니다. 예약된 것은 없습니다. 기다려 주셨는데 자리를 드리지 못해 죄송합니다.',
    soldOutFinish: '더 하실 일이 없으면 방문을 마치셔도 됩니다.',
  },
  booking: {
    recordedTitle: '예약이 완료되었습니다',
    recordedText: '예약이 안전하게 기록되었습니다. 창을 닫거나 새로고침해도 그대로 남습니다.',
    keptText: '이미 예약이 있어 새로 예약하지 않았습니다. 아래가 예약하신 내용입니다.',
    number: '예약번호',
    clinic: '의료기관',
    address: '주소',
    time: '접종 일시',
    name: '이름',
    bookedAt: '예약한 시각',
    keepText: '예약번호를 적어 두시거나 이 화면을 인쇄해 두세요. 접종일에 신분증을 가지고 오시면 됩니다.',
    finishTitle: '다 보셨나요?',
    finishText: '방문을 마치시면 기다리는 다음 분이 바로 들어올 수 있습니다. 예약은 그대로 남습니다.',
    findTitle: '내 예약 찾기',
    findText: '지금 방문에서 하신 예약은 없습니다. 전에 예약하셨다면 예약번호로 찾아보세요.',
    numberHint: '숫자 여덟 자리입니다.',
    find: '예약 찾기',
    notFoundTitle: '예약을 찾지 못했습니다',
    notFoundText: '예약번호와 휴대전화 번호 끝 네 자리를 다시 확인해 주세요.',
    tooManyTitle: '더 찾아볼 수 없습니다',
    tooManyText: '여러 번 맞지 않아 이번 방문에서는 더 찾아볼 수 없습니다. 예약은 그대로 남아 있습니다.',
  },
  done: {
    finish: '방문 마치기',
    confirmTitle: '방문을 마치시겠습니까?',
    confirmText: '예약은 그대로 남습니다. 이 누리집에 다시 들어오시려면 차례를 새로 받으셔야 합니다.',
    confirmWithoutBooking:
      '이번 방문에서는 예약하지 않으셨습니다. 지금 마치시면, 다시 들어오실 때 차례를 새로 받으셔야 합니다.',
    back: '아직 마치지 않기',
    title: '방문을 마쳤습니다',
    withBooking: '예약이 아래와 같이 기록되어 있습니다. 이제 창을 닫으셔도 됩니다.',
    withoutBooking: '이번 방문에서 하신 예약은 없습니다. 이제 창을 닫으셔도 됩니다.',
    later:
      '예약을 다시 보시려면 차례를 새로 받아 들어오신 뒤, 예약번호와 휴대전화 번호 끝 네 자리로 찾으실 수 있습니다.',
  },
  errors: {
    notFoundTitle: '없는 화면입니다',
    notFoundText: '주소가 바뀌었거나 잘못되었습니다. 예약과 차례는 그대로입니다.',
    staleFormTitle: '확인하지 못한 요청입니다',
    staleFormText:
      '이 누리집의 화면에서 보낸 것인지 확인하지 못해 아무것도 바꾸지 않았습니다. 처음 화면에서 다시 시도해 주세요.',
    tooLargeTitle: '내용이 너무 길거나 형식이 맞지 않습니다',
    tooLargeText: '아무것도 바꾸지 않았습니다. 처음 화면에서 다시 시도해 주세요.',
    failedTitle: '잠시 문제가 생겼습니다',
    failedText:
      '저희 쪽 문제입니다. 차례는 그대로 유지됩니다. 예약이 되었는지는 ‘내 예약’에서 바로 확인하실 수 있습니다.',
    toFront: '처음 화면으로',
  },
};

const EN: Words = {
  siteName: 'Saebom City vaccination booking',
  demoNotice: 'A demonstration, not a real institution: a booking here leads to no vaccination.',
  skip: 'Skip to main content',
  otherLanguage: '한국어',
  navigation: { label: 'Main', front: 'About', book: 'Book', booking: 'My booking' },
  front: {
    admittedTitle: 'You are in',
    admittedText: 'Your turn came and you have been let in. You can book now.',
    title: 'Book your vaccination',
    lead: 'Choose a clinic and a time and it is booked at once. Each person can book once.',
    stockLabel: 'Places left',
    readAt: (time) => `Counted at ${time}. Others are booking too, so it may soon be fewer.`,
    clinicsTitle: 'Places left at each clinic',
    left: (count) => `${count} left`,
    none: 'Full',
    start: 'Book a time',
    notes: [
      'Refreshing or closing this page does not lose your booking.',
      'You are booked when you see a booking number. If you have seen none, nothing is booked.',
    ],
    find: 'Already booked? Find my booking',
  },
  book: {
    title: 'Book a time',
    timeLegend: 'Clinic and time',
    timeHint: (readAt) => `Places were counted at ${readAt}. They are checked again when you press the button.`,
    left: (count) => `${count} left`,
    gone: 'Full',
    personLegend: 'Who is coming',
    name: 'Name',
    nameHint: 'The clinic calls you by this name.',
    phoneEnd: 'Last four digits of your mobile number',
    phoneEndHint: 'To find your booking again. We do not ask for the whole number.',
    submit: 'Book this time',
    submitHint: 'Pressing more than once still books once.',
    errorTitle: 'Nothing is booked yet. Please check the following.',
    errorSlot: 'Choose a clinic and a time.',
    errorName: 'Enter a name of up to 40 characters.',
    errorPhoneEnd: 'Enter the last four digits of your mobile number.',
    takenTitle: 'Nothing was booked',
    takenText: (when) =>
      `Somebody else has just taken the last place on ${when}. Nothing is booked for you: please choose another time below. What you typed is still there.`,
    soldOutTitle: 'All places are taken',
    soldOutText:
      'There are no places left, and nothing was booked for you. We are sorry that the wait ended like this.',
    soldOutFinish: 'There is nothing more to do here, so you can finish your visit.',
  },
  booking: {
    recordedTitle: 'Your booking is recorded',
    recordedText: 'It is stored safely and stays so if you refresh or close this page.',
    keptText: 'You already had a booking, so no new one was made. This is the one you have.',
    number: 'Booking number',
    clinic: 'Clinic',
    address: 'Address',
    time: 'Appointment',
    name: 'Name',
    bookedAt: 'Booked at',
    keepText: 'Write the booking number down, or print this page. On the day, bring an identity card.',
    finishTitle: 'All done?',
    finishText: 'If you finish your visit, the next person in line can come in at once. Your booking stays.',
    findTitle: 'Find my booking',
    findText: 'No booking has been made in this visit. If you booked earlier, look it up by its number.',
    numberHint: 'Eight digits.',
    find: 'Find booking',
    notFoundTitle: 'No such booking',
    notFoundText: 'Please check the booking number and the last four digits of your mobile number.',
    tooManyTitle: 'No more tries',
    tooManyText:
      'The details did not match too many times, so looking up is closed for this visit. Your booking stays.',
  },
  done: {
    finish: 'Finish my visit',
    confirmTitle: 'Finish your visit?',
    confirmText: 'Your booking stays. To come in again you would have to take a new place in line.',
    confirmWithoutBooking:
      'No booking was made in this visit. If you finish now, you would have to take a new place in line to come back.',
    back: 'Not yet',
    title: 'Your visit is finished',
    withBooking: 'Your booking is recorded as shown below. You can close this page.',
    withoutBooking: 'No booking was made in this visit. You can close this page.',
    later:
      'To see the booking again, take a new place in line and look it up by its number and the last four digits of your mobile number.',
  },
  errors: {
    notFoundTitle: 'There is no such page',
    notFoundText: 'The address is wrong or has changed. Your booking and your visit are untouched.',
    staleFormTitle: 'This request could not be confirmed',
    staleFormText: 'We could not tell that it came from this site, so nothing was changed. Please start again.',
    tooLargeTitle: 'Too long, or not in the right form',
    tooLargeText: 'Nothing was changed. Please start again.',
    failedTitle: 'Something went wrong here',
    failedText:
      'This is our fault. You are still in. Whether a booking was made, you can see at once under “My booking”.',
    toFront: 'Back to the start',
  },
};

export const WORDS: Record<Language, Words> = { ko: KO, en: EN };

const LOCALES: Record<Language, string> = { ko: 'ko-KR', en: 'en-GB' };

/** 8월 3일(화) · Tuesday 3 August */
export function formatDay(at: EpochMs, language: Language): string {
  if (language === 'en') return formatWith(at, language, { weekday: 'long', day: 'numeric', month: 'long' });
  const { month, day, weekday } = partsOf(at, language, { month: 'numeric', day: 'numeric', weekday: 'short' });
  return `${month}월 ${day}일(${weekday})`;
}

/** With the year, for a receipt that may lie in a drawer. */
export function formatDate(at: EpochMs, language: Language): string {
  const { year } = partsOf(at, language, { year: 'numeric' });
  return language === 'ko' ? `${year}년 ${formatDay(at, language)}` : `${formatDay(at, language)} ${year}`;
}

/** 24 hours in both languages: a receipt must not leave a doubt about half a day. */
export function formatTime(at: EpochMs, language: Language): string {
  return formatWith(at, language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

/** A day and a time as one reads them together: 8월 3일(화) 09:00 · Tuesday 3 August, 09:00 */
export function joinDayAndTime(day: string, time: string, language: Language): string {
  return language === 'ko' ? `${day} ${time}` : `${day}, ${time}`;
}

/** With seconds: the moment at which something was read or recorded. */
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
