// The result of an admission check, and what the gateway says about an admitted visitor. Types only.

/**
 * Claims of an admission token (RFC 7519). Times are NumericDates: seconds since 1970, fractions allowed.
 */
export interface AdmissionClaims {
  /** The gateway's public address. */
  iss: string;
  /** This site's name, as configured in the gateway. */
  aud: string;
  /** The visitor's id, the same from joining the line to the last request. Use it as the key of the visitor's records. */
  sub: string;
  /** The room's id. */
  room: string;
  /** Number of the room's opening. */
  epoch: number;
  /** Position in line; 0 for an operator's pass. */
  position: number;
  /** Issued at. */
  iat: number;
  /** Start of the visitor's slot. */
  nbf: number;
  /** End of the token. */
  exp: number;
  /** Id of the visitor's session at this site. */
  sid: string;
}

export type RefusalReason =
  /** No token: the request did not come through the gateway. */
  | 'missing'
  /** Not a JWT, or a claim is missing or has the wrong type. */
  | 'malformed'
  /** Signed with an algorithm other than ES256, or not at all. */
  | 'algorithm'
  /** Another kind of token, for instance a queue token. */
  | 'type'
  /** Signed with a key that the gateway does not publish. */
  | 'key'
  /** The signature does not match. */
  | 'signature'
  | 'issuer'
  /** Issued for another site. */
  | 'audience'
  | 'room'
  /** The visitor's slot has not started. */
  | 'early'
  | 'expired'
  /** The gateway says that the session is over (hand-off). */
  | 'ended'
  /** The visitor came back from the room twice without what this site needs, a cookie mostly (hand-off). */
  | 'handOff';

export type Refusal =
  | { kind: 'refused'; reason: RefusalReason }
  /** The gateway's keys are unavailable, so no token can be checked. `cause` is for the site's log. */
  | { kind: 'unavailable'; cause: unknown };

export type Verdict = { kind: 'admitted'; claims: AdmissionClaims } | Refusal;
