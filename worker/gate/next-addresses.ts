// Where a visitor's client goes next, as Link fields (RFC 8288): an app follows them and builds no address itself. docs/apps.md
// says what each relation means.

import type { Status } from '../../queue-core/board.ts';

/** Extension relation types (RFC 8288, 2.1.2). The status address has the registered type `status` (RFC 8631). */
export const RELATION_BASE = 'https://fairgate.dev/rels/';

const OWN_RELATIONS = ['join', 'claim', 'leave', 'board', 'wait'] as const;
type Relation = (typeof OWN_RELATIONS)[number] | 'status';

/** @param state what is known of the visitor; null: the room has not been read */
export function nextAddresses(room: string, state: Status['state'] | null): string {
  return relationsFor(state)
    .map((relation) => linkTo(room, relation))
    .join(', ');
}

/** On a refused request for a protected path: where a person waits instead; a page's script goes there with its address. */
export function waitingAddress(room: string): string {
  return linkTo(room, 'wait');
}

/** At the waiting page's own address: the visitor was led there instead of a form's answer. */
export const FORM_PARAMETER = 'form';
export const FORM_NOT_SENT = 'not-sent';

/** A longer address does not fit into the buffers that proxies have for the header of an answer. */
const WAIT_ADDRESS_CHARS_MAX = 2_000;

/** The waiting page for a person who asked for something else; it leads to the first of these addresses that is not too long. */
export function waitingPageFor(room: string, returnTo: readonly string[], formNotSent: boolean): string {
  const form = formNotSent ? `&${FORM_PARAMETER}=${FORM_NOT_SENT}` : '';
  const addresses = [...returnTo, '/'].map(
    (address) => `/_fairgate/rooms/${room}/wait?return=${encodeURIComponent(address)}${form}`,
  );
  return addresses.find((address) => address.length <= WAIT_ADDRESS_CHARS_MAX) ?? `/_fairgate/rooms/${room}/wait`;
}

/** On the board, which is the same for everybody. */
export function addressesForEverybody(room: string): string {
  return `${linkTo(room, 'join')}, ${linkTo(room, 'status')}`;
}

function linkTo(room: string, relation: Relation): string {
  const type = relation === 'status' ? relation : `${RELATION_BASE}${relation}`;
  return `</_fairgate/rooms/${room}/${relation}>; rel="${type}"`;
}

function relationsFor(state: Status['state'] | null): Relation[] {
  switch (state) {
    case null:
      return ['status', 'board'];
    case 'none':
    case 'completed':
    case 'lapsed':
      return ['join', 'board'];
    case 'entered':
    case 'waiting':
      return ['status', 'board', 'leave'];
    case 'called':
      return ['claim', 'status', 'leave'];
    case 'admitted':
      return ['status', 'leave'];
  }
}
