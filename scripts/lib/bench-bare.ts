// What the bench compares with: the least that a Hono app on workerd does for a request.

import { Hono } from 'hono';

export default new Hono().get('/', (c) => c.text('ok'));
