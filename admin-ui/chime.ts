// The sound of a new alarm, made by the browser itself: three short tones that rise.

const TONES_HZ = [587, 740, 880];
const TONE_SECONDS = 0.18;

export function chime(audio: AudioContext, tones = TONES_HZ.length): void {
  for (const [index, frequency] of TONES_HZ.slice(0, tones).entries()) {
    const start = audio.currentTime + index * TONE_SECONDS;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.25, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + TONE_SECONDS);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + TONE_SECONDS);
  }
}
