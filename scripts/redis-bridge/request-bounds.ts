// Bounds of one request to the bridge. The largest that Fairgate sends are an operator's own waiting page (1.5 MB, escaped twice), and
// 500 rows of a restoration.

export const BODY_BYTES_MAX = 16 * 1024 * 1024;

/** Of all requests whose bodies are being read or used. */
export const BODIES_BYTES_MAX = 8 * BODY_BYTES_MAX;

/** From the first byte of a request to the last one of its body. */
export const BODY_MS_MAX = 5_000;

/** Arguments of all commands of a request: each takes many times its bytes until it is sent. */
export const ARGUMENTS_MAX = 131_072;

/** Commands of a pipeline: 1,000 are the most that Fairgate sends, two for each row of a restoration. */
export const COMMANDS_MAX = 2_048;
