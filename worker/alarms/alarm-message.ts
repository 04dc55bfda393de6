// A message about an alarm, as its target takes it: a signed JSON document (Standard Webhooks 1.0), or a text for a chat.

import { type NoticeEvent, SEVERITY_OF } from '../../queue-core/document/alarms-state.ts';
import { type EpochMs, rfc3339 } from '../../queue-core/time.ts';
import { alarmTextEn } from '../contract/alarm-text-en.ts';
import { alarmTextKo } from '../contract/alarm-text-ko.ts';
import { type Alarm, alarmSchema, CONSOLE_PATH } from '../contract/operator-api.ts';
import type { RoomConfig } from '../settings.ts';
import { type AlarmMessageTexts, messageTextsEn, messageTextsKo } from './message-texts.ts';

type Language = 'ko' | 'en';

/** What a message says, before it is written for a target. */
export interface AlarmNews {
  event: NoticeEvent;
  alarm: Alarm;
  room: Pick<RoomConfig, 'id' | 'title' | 'timeZone'>;
  /** Of the alarm in its room; null: of an alarm that only this gateway has. */
  number: number | null;
  since: EpochMs;
  at: EpochMs;
}

const TEXTS: Record<Language, AlarmMessageTexts & typeof alarmTextKo> = {
  ko: { ...alarmTextKo, ...messageTextsKo },
  en: { ...alarmTextEn, ...messageTextsEn },
};

/** @returns null where the figures are not those of an alarm */
export function readAlarm(kind: string, figures: string): Alarm | null {
  try {
    const parsed = alarmSchema.safeParse({ ...JSON.parse(figures), kind });
    return parsed.success ? parsed.data : null;
  } catch {
    // SyntaxError
    return null;
  }
}

/** The body of a message. @param consoleUrl where the console is */
export function messageBody(
  form: 'standard' | 'slack',
  news: AlarmNews,
  language: Language,
  consoleUrl: string,
): string {
  const { event, alarm, room, number, since, at } = news;
  const { title, text, next } = sentences(news, language);
  const link = `${consoleUrl.replace(/\/$/, '')}${CONSOLE_PATH}#/rooms/${room.id}`;
  if (form === 'slack') {
    const lines = [`*${escaped(title)}*`, escaped(text), ...(next === null ? [] : [escaped(next)]), link];
    return JSON.stringify({ text: lines.join('\n') });
  }
  const { kind, ...figures } = alarm;
  const data = {
    ...{ room: room.id, title: room.title[language], alarm: kind, severity: SEVERITY_OF[kind], number },
    ...{ since: rfc3339(since), text, next, figures, console: link },
  };
  return JSON.stringify({ type: `fairgate.alarm.${event}`, timestamp: rfc3339(at), data });
}

/** The body of a test, which says that it is one. */
export function testBody(form: 'standard' | 'slack', language: Language, by: string, at: EpochMs): string {
  const text = TEXTS[language].test(by);
  if (form === 'slack') return JSON.stringify({ text: escaped(text) });
  return JSON.stringify({ type: 'fairgate.alarm.test', timestamp: rfc3339(at), data: { text } });
}

function sentences({ event, alarm, room, since, at }: AlarmNews, language: Language) {
  const texts = TEXTS[language];
  const time = new Intl.DateTimeFormat(language === 'ko' ? 'ko-KR' : 'en-GB', {
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
    ...{ hourCycle: 'h23', timeZone: room.timeZone },
  });
  const { what, next } = texts.alarm(alarm, { time: (ms) => time.format(ms) });
  const heading = texts.heading(texts.severities[SEVERITY_OF[alarm.kind]], room.title[language]);
  if (event === 'raised') return { title: heading, text: what, next };
  const minutes = Math.max(1, Math.round((at - since) / 60_000));
  return { title: texts.clearedHeading(room.title[language]), text: texts.cleared(what, minutes), next: null };
}

/** As Slack asks for: these three characters have a meaning there. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
