// Tones one after the other, made by the browser itself. For visitors' pages and the console.

/** @param seconds of each tone, which fades out over them */
export function playTones(audio: AudioContext, tonesHz: readonly number[], seconds: number, volume: number): void {
  for (const [index, frequency] of tonesHz.entries()) {
    const start = audio.currentTime + index * seconds;
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    tone.frequency.value = frequency;
    gain.gain.setValueAtTime(volume, start);
    gain.gain.exponentialRampToValueAtTime(0.001, start + seconds);
    tone.connect(gain).connect(audio.destination);
    tone.start(start);
    tone.stop(start + seconds);
  }
}
