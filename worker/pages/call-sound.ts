// The sound that announces a called number: two soft tones, twice, synthesized by the browser. The page also plays it when
// the visitor switches sound on: that is a preview, and the user gesture without which browsers keep audio muted.

import { playTones } from './tones.ts';

const TONES_HZ = [659, 523, 659, 523];
const TONE_SECONDS = 0.4;

/** Length of the whole sound; the page delays leaving by this much so that it is not cut off. */
export const CALL_SOUND_MS = TONES_HZ.length * TONE_SECONDS * 1000;

export function playCallSound(audio: AudioContext, tones = TONES_HZ.length): void {
  playTones(audio, TONES_HZ.slice(0, tones), TONE_SECONDS, 0.3);
}
