// Messages to waiting visitors that operators keep to use again. All operators share one list, so that the night shift finds what the
// day wrote.

import { json } from '../audit.ts';
import { KEPT_MESSAGES_MAX } from '../limits.ts';
import type { DirectoryChange, DirectoryDocument, DirectoryReply } from './directory-document.ts';
import type { DirectoryDone } from './directory-rooms.ts';

/** The same text is kept once. */
export function keepMessage(
  directory: DirectoryDocument,
  { message }: Extract<DirectoryChange, { kind: 'keepMessage' }>,
): DirectoryDone | DirectoryReply {
  const { messages, version } = directory;
  const isKept = messages.some(({ text }) => text.ko === message.text.ko && text.en === message.text.en);
  if (isKept) return { kind: 'unchanged', version };
  if (messages.some(({ id }) => id === message.id)) return { kind: 'refused', reason: 'exists' };
  if (messages.length >= KEPT_MESSAGES_MAX) return { kind: 'refused', reason: 'full' };
  directory.messages = [...messages, message];
  return { version, from: null, to: json(message) };
}

export function dropMessage(
  directory: DirectoryDocument,
  { message: id }: Extract<DirectoryChange, { kind: 'dropMessage' }>,
): DirectoryDone | DirectoryReply {
  const dropped = directory.messages.find((message) => message.id === id);
  if (dropped === undefined) return { kind: 'refused', reason: 'unknownMessage' };
  directory.messages = directory.messages.filter((message) => message !== dropped);
  return { version: directory.version, from: json(dropped), to: null };
}
