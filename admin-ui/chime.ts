// The sound of a new alarm: three short rising tones.

import { playTones } from '../worker/pages/tones.ts';

const TONES_HZ = [587, 740, 880];
const TONE_SECONDS = 0.18;

export function chime(audio: AudioContext, tones = TONES_HZ.length): void {
  playTones(audio, TONES_HZ.slice(0, tones), TONE_SECONDS, 0.25);
}
