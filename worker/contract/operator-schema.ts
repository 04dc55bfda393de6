// Operators: their roles, keys, sessions and passes.

import * as z from 'zod';
import { ROOMS_MAX } from '../../queue-core/limits.ts';
import { roomId } from './room-schema.ts';
import { moment } from './value-schema.ts';

/** Each role includes the permissions of the roles before it. */
export const ROLES = ['viewer', 'operator', 'owner'] as const;
export const roleSchema = z.enum(ROLES);
export type Role = z.output<typeof roleSchema>;

/** @param needed null: the operation requires no role */
export function allows(has: Role, needed: Role | null): boolean {
  return needed === null || ROLES.indexOf(has) >= ROLES.indexOf(needed);
}

export const KEY_NAME_CHARS_MAX = 60;

export const operatorSchema = z.object({ id: z.string(), name: z.string(), role: roleSchema });

const operatorOfRooms = z.object({
  ...operatorSchema.shape,
  rooms: z
    .array(z.string())
    .nullable()
    .describe('The rooms that they see and change; null: all, and what is no room’s.'),
});
export type Operator = z.output<typeof operatorSchema>;

export const signInSchema = z.strictObject({ key: z.string().min(1).max(200) });

export const sessionSchema = z.object({
  operator: operatorOfRooms,
  expiresAt: moment
    .nullable()
    .describe(
      'End of the session; null: authenticated by a key in the header or by Cloudflare Access, without a session.',
    ),
});
export type Session = z.output<typeof sessionSchema>;

export const keySchema = z.object({
  ...operatorOfRooms.shape,
  createdAt: moment,
  expiresAt: moment.nullable().describe('From then on the key and its sessions are refused; null: never.'),
  lastUse: z
    .object({ at: moment, from: z.string().describe('The network: an IPv4 address, or an IPv6 /64.') })
    .nullable()
    .describe('To within five minutes; null: not used yet.'),
});
export type Key = z.output<typeof keySchema>;

export const newKeySchema = z
  .strictObject({
    name: z.string().trim().min(1).max(KEY_NAME_CHARS_MAX),
    role: roleSchema,
    expiresAt: z.iso.datetime({ offset: true }).nullable().default(null).describe('RFC 3339; null: never.'),
    rooms: z.array(roomId).min(1).max(ROOMS_MAX).nullable().default(null).describe('The rooms it is for; null: all.'),
  })
  .refine(({ role, rooms }) => role !== 'owner' || rooms === null, {
    path: ['rooms'],
    message: 'must be null for the role owner, which is about all rooms',
  });
export const createdKeySchema = z.object({
  ...operatorOfRooms.shape,
  expiresAt: moment.nullable(),
  key: z.string().describe('The key itself. Only this response contains it; the gateway stores its SHA-256.'),
});

export const passSchema = z.object({
  expiresAt: moment,
  admissionToken: z.string().optional().describe('For clients that are not browsers.'),
  link: z
    .object({ address: z.url(), useBy: moment })
    .optional()
    .describe('For browsers: an address on the site that sets the pass as an HttpOnly cookie, once, until `useBy`.'),
});
