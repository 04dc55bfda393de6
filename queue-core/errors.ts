// Misuse of the core. Expected outcomes are replies; what is thrown here is a fault of the caller or of the core.

export type CoreFault =
  /** A command came for a room that was never configured. */
  | 'unknownRoom'
  /** The document breaks a numbered invariant. */
  | 'brokenInvariant';

export class CoreError extends Error {
  readonly code: CoreFault;

  constructor(code: CoreFault, message: string) {
    super(message);
    this.name = 'CoreError';
    this.code = code;
  }
}
