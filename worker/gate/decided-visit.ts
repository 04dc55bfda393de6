// A visitor of one room with the gate's decision: for a request that the gateway would forward itself, and for one that a proxy
// beside it asks about.

import { NEAR_SLOT_MS } from '../../queue-core/limits.ts';
import type { Gateway } from '../gateway.ts';
import type { Background } from '../http/request-env.ts';
import type { Routed } from '../http/request-target.ts';
import type { RoomConfig } from '../settings.ts';
import { type AdmissionFacts, type Decision, decide, decideByAdmission, type GateFacts } from './decision.ts';
import { Visitor, type VisitorParts } from './visitor.ts';

/** What is known of a request before its visitor is. */
type RequestFacts = Omit<GateFacts, keyof AdmissionFacts | 'queue' | 'routed'> & {
  routed: Exclude<Routed, { kind: 'nowhere' }>;
};

export async function decidedVisit(
  gateway: VisitorParts & Pick<Gateway, 'wait'>,
  headers: Headers,
  facts: RequestFacts,
  background: Background,
): Promise<{ visitor: Visitor; decision: Decision }> {
  const { room } = facts.routed;
  const loadAndDecide = async () => {
    const visitor = await Visitor.load(gateway, room, headers, background);
    const { admissionFacts, queue } = visitor;
    const decision = decide({ ...facts, queue, ...admissionFacts });
    if (decision.kind === 'forward') visitor.beginRenewal(decision.renew);
    return { visitor, decision };
  };
  let decided = await loadAndDecide();
  // This gateway's copy of the store's time may be late by one round trip: a slot that is open can seem to lie ahead.
  const aheadMs = decided.decision.reason === 'slotAhead' ? msUntilSlot(decided.visitor) : 0;
  if (aheadMs > 0 && aheadMs <= NEAR_SLOT_MS) {
    await gateway.wait(Math.ceil(aheadMs));
    decided = await loadAndDecide();
  }
  const { kind, reason } = decided.decision;
  gateway.metrics.count('fairgate_requests_total', { decision: kind, reason });
  if (kind === 'refuse' && reason !== 'nowhere') gateway.observations.refused(room.id, reason);
  return decided;
}

/** How long until the slot of the admission token opens, by the store's time. */
function msUntilSlot({ admission, now }: Visitor): number {
  return admission?.kind === 'valid' ? admission.token.admitAt - now : 0;
}

/**
 * Where servers read a path as one of several rooms, each of them has to admit the visitor already, or exempt the request: no
 * place is taken at such an address. The site has to be the same, because the request goes to one.
 */
export async function allAdmit(
  gateway: VisitorParts,
  { room, others }: Extract<Routed, { kind: 'room' }>,
  headers: Headers,
  isOpen: (room: RoomConfig) => boolean,
  background: Background,
): Promise<boolean> {
  if (others.length === 0) return true;
  for (const each of [room, ...others]) {
    if (each.origin !== room.origin) return false;
    if (isOpen(each)) continue;
    const visitor = await Visitor.load(gateway, each, headers, background);
    const decision = decideByAdmission(visitor.admissionFacts, each.id);
    if (decision?.kind !== 'forward' || decision.renew === 'must') return false;
  }
  return true;
}
