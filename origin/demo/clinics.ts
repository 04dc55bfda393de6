// The fictional clinics of the demo site and the times they offer. Pure: the slots depend only on the day on which they are
// created.

/** Milliseconds since 1970. */
export type EpochMs = number;

export interface Clinic {
  id: string;
  name: { ko: string; en: string };
  address: { ko: string; en: string };
}

/** One seat at one time: what a booking occupies. A time can have several seats. */
interface Slot {
  clinicId: string;
  startsAt: EpochMs;
  seat: number;
}

export const CLINICS: readonly Clinic[] = [
  {
    id: 'mulgyeol',
    name: { ko: '물결내과의원', en: 'Mulgyeol Internal Medicine' },
    address: { ko: '새봄시 나루구 물결로 12', en: '12 Mulgyeol-ro, Naru-gu, Saebom' },
  },
  {
    id: 'naru',
    name: { ko: '나루가정의학과의원', en: 'Naru Family Medicine' },
    address: { ko: '새봄시 나루구 배다리길 48', en: '48 Baedari-gil, Naru-gu, Saebom' },
  },
  {
    id: 'solsup',
    name: { ko: '솔숲의원', en: 'Solsup Clinic' },
    address: { ko: '새봄시 언덕구 솔숲로 205', en: '205 Solsup-ro, Eondeok-gu, Saebom' },
  },
  {
    id: 'haetsal',
    name: { ko: '햇살이비인후과의원', en: 'Haetsal Ear, Nose and Throat' },
    address: { ko: '새봄시 언덕구 햇살길 7', en: '7 Haetsal-gil, Eondeok-gu, Saebom' },
  },
  {
    id: 'eondeok',
    name: { ko: '언덕구보건소', en: 'Eondeok Public Health Centre' },
    address: { ko: '새봄시 언덕구 구청로 1', en: '1 Gucheong-ro, Eondeok-gu, Saebom' },
  },
];

/** The clinics' time zone. Korea has had no summer time since 1988, so its offset from UTC is constant. */
export const TIME_ZONE = 'Asia/Seoul';
const TIME_ZONE_OFFSET_MS = 9 * 3_600_000;

const DAY_MS = 86_400_000;

/** Appointments are at least a week after the pre-registration. */
const DAYS_AHEAD = 7;

/** Times of day at which a clinic vaccinates, in minutes after midnight: 9:00, 10:00, 11:00, 13:30, 14:30, 15:30. */
const TIMES_OF_DAY_MINUTES = [540, 600, 660, 810, 870, 930];

export function clinicById(id: string): Clinic | undefined {
  return CLINICS.find((clinic) => clinic.id === id);
}

/** All slots of one opening: `slotsPerClinic` seats per clinic, spread over the times of one day. */
export function slotsFor(now: EpochMs, slotsPerClinic: number): Slot[] {
  const midnight = vaccinationDay(now);
  return CLINICS.flatMap((clinic) =>
    Array.from({ length: slotsPerClinic }, (_, index) => ({
      clinicId: clinic.id,
      startsAt: midnight + (TIMES_OF_DAY_MINUTES[index % TIMES_OF_DAY_MINUTES.length] ?? 0) * 60_000,
      seat: Math.floor(index / TIMES_OF_DAY_MINUTES.length) + 1,
    })),
  );
}

/** Midnight in Korea of the first day at least a week ahead that is not a Sunday. */
function vaccinationDay(now: EpochMs): EpochMs {
  const midnight = Math.floor((now + TIME_ZONE_OFFSET_MS) / DAY_MS) * DAY_MS + DAYS_AHEAD * DAY_MS;
  const isSunday = new Date(midnight).getUTCDay() === 0;
  return midnight + (isSunday ? DAY_MS : 0) - TIME_ZONE_OFFSET_MS;
}
