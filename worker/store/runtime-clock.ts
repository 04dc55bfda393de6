// Stopwatch, pauses and randomness of the runtime, for stores.

export const runtimeClock = {
  stopwatch: () => Date.now(),
  wait: (ms: number) => scheduler.wait(ms),
  random: () => Math.random(),
  randomId: (bytes: number) =>
    crypto.getRandomValues(new Uint8Array(bytes)).toBase64({ alphabet: 'base64url', omitPadding: true }),
};
