// What the bench compares admitted requests with: the least that a worker does to forward one.

export default { fetch: (_request: Request, { ORIGIN }: { ORIGIN: string }) => fetch(ORIGIN) };
