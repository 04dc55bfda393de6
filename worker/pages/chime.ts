// The sound of a called number, made by the browser itself: two soft tones, twice. Sounding it once when it is switched
// on shows what it is like, and is the gesture without which browsers keep it silent.

import { playTones } from './tones.ts';

const TONES_HZ = [659, 523, 659, 523];
const TONE_SECONDS = 0.4;

/** How long the page stays so that the sound is heard to its end. */
export const CHIME_MS = TONES_HZ.length * TONE_SECONDS * 1000;

export function chime(audio: AudioContext, tones = TONES_HZ.length): void {
  playTones(audio, TONES_HZ.slice(0, tones), TONE_SECONDS, 0.3);
}
