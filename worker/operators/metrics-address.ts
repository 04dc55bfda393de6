// The address of the metrics: for operators' keys of any role and of all rooms, which Prometheus sends as `authorization`, and where the console
// has a host of its own only there. They name every room and say how it is doing.

import { Hono } from 'hono';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import type { MeasuredRoom } from '../room-metrics.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { answersOperators } from './console-host.ts';
import { roomAlarms } from './live.ts';
import { authentication } from './middleware.ts';
import type { OperatorEnv } from './operation-context.ts';

export function metricsAddress(gateway: Gateway): Hono<OperatorEnv> {
  const address = new Hono<OperatorEnv>();
  address.use((c, next) => {
    c.set('principal', null);
    return answersOperators(gateway, c.req.raw) ? next() : Promise.resolve(operatorProblem('not-found'));
  });
  address.get('/', authentication(gateway, { role: 'viewer', about: 'deployment' }, 'scrape'), async (c) => {
    const rooms = await gateway.directory.rooms(c.var.background);
    const measured = await Promise.all(
      rooms.map(async (room): Promise<MeasuredRoom[]> => {
        const snapshot = await gateway.views.read(room, c.var.background);
        if (snapshot === null) return [];
        const alarms = roomAlarms(gateway, room, snapshot).map(({ kind }) => kind);
        return [{ snapshot, alarms, leased: gateway.leases.held(room.id) }];
      }),
    );
    return new Response(gateway.metrics.text(measured.flat()), {
      headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8', 'Cache-Control': 'no-store' },
    });
  });
  address.onError((error) => {
    if (!(error instanceof StoreUnavailable)) throw error;
    console.error(...error.logArguments);
    return operatorProblem('store-unreachable');
  });
  return address;
}
