// The sound of a called number, made by the browser itself: two soft tones, twice. Sounding it once when it is switched
// on shows what it is like, and is the gesture without which browsers keep it silent.

const TONES_HZ = [659, 523, 659, 523];
const TONE_SECONDS = 0.4;

/** How long the page stays so that the sound is heard to its end. */
export const CHIME_MS = TONES_HZ.length * TONE_SECONDS * 1000;

export function chime(audio: AudioContext, tones = TONES_HZ.length) {
  for (const [index, frequency] of TONES_HZ.slice(0, tones).entries()) {
    const start = audio.currentTime + index * TONE_SECONDS;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.3, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + TONE_SECONDS);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + TONE_SECONDS);
  }
}
