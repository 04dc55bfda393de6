// Operators: their roles, keys, sessions and passes.

import * as z from 'zod';
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
export type Operator = z.output<typeof operatorSchema>;

export const signInSchema = z.strictObject({ key: z.string().min(1).max(200) });

export const sessionSchema = z.object({
  operator: operatorSchema,
  expiresAt: moment
    .nullable()
    .describe(
      'End of the session; null: authenticated by a key in the header or by Cloudflare Access, without a session.',
    ),
});
export type Session = z.output<typeof sessionSchema>;

export const keySchema = z.object({ ...operatorSchema.shape, createdAt: moment });
export const newKeySchema = z.strictObject({
  name: z.string().trim().min(1).max(KEY_NAME_CHARS_MAX),
  role: roleSchema,
});
export const createdKeySchema = z.object({
  ...operatorSchema.shape,
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
