// What messages about alarms say around the alarm itself.

import type { Severity } from '../../queue-core/document/alarms-state.ts';
import { formatCount } from '../contract/plain-numbers.ts';

export interface AlarmMessageTexts {
  severities: Record<Severity, string>;
  heading(severity: string, room: string): string;
  clearedHeading(room: string): string;
  /** @param what as it was when it was raised */
  cleared(what: string, minutes: number): string;
  test(by: string): string;
}

export const messageTextsEn: AlarmMessageTexts = {
  severities: { critical: 'Urgent', warning: 'Warning', info: 'For information' },
  heading: (severity, room) => `${severity}: ${room}`,
  clearedHeading: (room) => `Over: ${room}`,
  cleared: (what, minutes) => `This is over, after about ${formatCount(minutes)} min: ${what}`,
  test: (by) => `This is a test by ${by}. Alarms of the waiting room will come here.`,
};

export const messageTextsKo: AlarmMessageTexts = {
  severities: { critical: '긴급', warning: '주의', info: '참고' },
  heading: (severity, room) => `[${severity}] ${room}`,
  clearedHeading: (room) => `[해제] ${room}`,
  cleared: (what, minutes) => `약 ${formatCount(minutes)}분 만에 해제되었습니다. 경보 내용: ${what}`,
  test: (by) => `${by} 님이 보낸 시험 메시지입니다. 대기실 경보가 이곳으로 옵니다.`,
};
