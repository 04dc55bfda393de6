// What the runtime logs: a line of JSON for each message of the worker and of its own (`structuredLogging` in gateway.capnp), and
// plain text before it has read its configuration.

import * as z from 'zod';
import { parseJson } from '../../worker/contract/json-text.ts';

export type LogLevel = 'error' | 'warn' | 'info';

const line = z.object({ level: z.string(), message: z.string() });

export function runtimeEntry(text: string): { level: LogLevel; message: string } {
  const parsed = line.safeParse(parseJson(text));
  if (!parsed.success) return { level: 'error', message: text };
  const { level, message } = parsed.data;
  return { level: level === 'error' || level === 'warn' ? level : 'info', message };
}
