// What the bench compares with: the least that a Hono app on workerd does for a request, and for a page of as many bytes as
// the first page of a visitor.

import { Hono } from 'hono';

const PAGE = new Uint8Array(13_500);

export default new Hono()
  .get('/', (c) => c.text('ok'))
  .get('/page', () => new Response(PAGE, { headers: { 'Content-Type': 'text/html; charset=utf-8' } }));
