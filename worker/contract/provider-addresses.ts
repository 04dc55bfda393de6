// Signing in with the operators' identity provider, as far as the console knows of it: the address that begins it, and why it
// failed. Both are addresses of a browser, not operations of the API.

/** Below the address of the API. */
export const PROVIDER_START_PATH = '/_fairgate/operator/provider/start';
export const PROVIDER_CALLBACK_PATH = '/_fairgate/operator/provider/callback';

/** After `#/sign-in/` in the console's address. */
export const PROVIDER_FAILURES = [
  /** Begun in another browser or window, used already, or too long ago. */
  'notBegun',
  /** The person or the provider refused, or the code was used before. */
  'declined',
  /** The provider does not answer, or answers what cannot be verified. */
  'provider',
  /** No mail address that the provider has verified. */
  'unverified',
  'noRole',
  'tooMany',
  /** The store does not respond, or the log is full: a sign-in has to be recorded. */
  'unrecorded',
] as const;

export type ProviderFailure = (typeof PROVIDER_FAILURES)[number];
