// The package's main entry: the check itself, for every framework, and the headers with which a site reports to the gateway.

export { problemOf } from './refusal.ts';
export {
  commandHeaders,
  type Lot,
  type OriginCommand,
  overloadHeaders,
  ownErrorPage,
  stockHeaders,
} from './response-headers.ts';
export type { AdmissionClaims, Refusal, RefusalReason, Verdict } from './verdict.ts';
export { type VerifierOptions, VerifierOptionsError } from './verifier-options.ts';
export { ADMISSION_HEADER, createVerifier, type Verifier } from './verify.ts';
