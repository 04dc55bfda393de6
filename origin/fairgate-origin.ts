// The package's main entry: the check itself, for every framework, and the headers and calls with which a site reports to the gateway.

export {
  type CalledStock,
  type CalledVisit,
  type CallOptions,
  type CallReply,
  createGatewayCalls,
  GatewayCallError,
  type GatewayCalls,
  type GatewayCallsOptions,
  type SignedRequest,
  signCall,
} from './gateway-calls.ts';
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
