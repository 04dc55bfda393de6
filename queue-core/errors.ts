// Misuse of the core, and state that it does not accept. Expected outcomes are replies; what is thrown here is a bug of the
// caller or of the core, or damaged storage.

export type CoreErrorCode =
  /** A command other than `configure` for a room that does not exist. */
  | 'unknownRoom'
  /** The text is not a stored document or row: the message names the field. */
  | 'invalidStoredState'
  /** Written by a newer version of Fairgate than this one. */
  | 'newerSchema'
  /** A document breaks an invariant, before or after a step: the message names the field. Nothing may be written. */
  | 'brokenInvariant';

export class CoreError extends Error {
  readonly code: CoreErrorCode;

  constructor(code: CoreErrorCode, message: string) {
    super(message);
    this.name = 'CoreError';
    this.code = code;
  }
}
