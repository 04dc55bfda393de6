// The handlers that every tried site has, and how they show that a request reached them.

/** What every site serves, each path and what lies under it; `front` serves everything else. */
export const HANDLERS = {
  book: '/book',
  reserve: '/예약',
  nested: '/a/b',
  shop: '/Shop',
  script: '/apply.php',
  static: '/static',
  webhook: '/webhook',
} as const;

export type HandlerName = keyof typeof HANDLERS | 'front';

/** What a handler writes into its response. No address contains it. */
export const handlerMark = (name: HandlerName, method: string): string => `[handler ${name} ${method}]`;

/** All that have written into a response, by name and method. */
export function handlersIn(body: string): { name: HandlerName; method: string }[] {
  return [...body.matchAll(/\[handler (\w+) (\w+)\]/g)].map(([, name = '', method = '']) => ({
    name: name as HandlerName,
    method,
  }));
}
