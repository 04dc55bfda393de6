// Plays a sequence of synthesized tones. Shared by visitors' pages and the console.

/** @param seconds length of each tone, over which it fades out */
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
