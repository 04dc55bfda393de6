// The operators' API: one route for each operation of the contract. The checks run first (middleware.ts), then the handler of
// the operation, which stands in the file of its resource.

import { type Handler, Hono } from 'hono';
import { OPERATIONS, type Operation, type OperationName } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { logHandlers } from './audit-log.ts';
import { isChange } from './auth.ts';
import { beaconHandlers } from './beacon-test.ts';
import { consequenceHandlers } from './change-previews.ts';
import { answersOperators } from './console-host.ts';
import { eventReportHandlers } from './event-report.ts';
import { evidenceHandlers } from './evidence-pack.ts';
import { keyHandlers } from './key-changes.ts';
import { liveHandlers } from './live.ts';
import { messageHandlers } from './message-list.ts';
import { authentication, checksOf } from './middleware.ts';
import type { Handlers, OperatorEnv } from './operation-context.ts';
import { sessionHandlers } from './operator-sessions.ts';
import { originRecordHandlers } from './origin-records.ts';
import { passHandlers } from './pass.ts';
import { previewHandlers } from './preview.ts';
import { roomChangeHandlers } from './room-changes.ts';
import { roomHandlers } from './room-detail.ts';
import { historyHandlers } from './room-history.ts';
import { siteHandlers } from './site-changes.ts';
import { alarmTargetHandlers } from './target-changes.ts';

export function operatorApi(gateway: Gateway): Hono<OperatorEnv> {
  const api = new Hono<OperatorEnv>();
  const handlers: Handlers<OperationName> = {
    ...sessionHandlers(gateway),
    ...roomHandlers(gateway),
    ...siteHandlers(gateway),
    ...roomChangeHandlers(gateway),
    ...passHandlers(gateway),
    ...liveHandlers(gateway),
    ...historyHandlers(gateway),
    ...originRecordHandlers(gateway),
    ...logHandlers(gateway),
    ...evidenceHandlers(gateway),
    ...eventReportHandlers(gateway),
    ...previewHandlers,
    ...consequenceHandlers(gateway),
    ...messageHandlers(gateway),
    ...keyHandlers(gateway),
    ...alarmTargetHandlers(gateway),
    ...beaconHandlers(gateway),
  };

  api.use((c, next) => {
    c.set('principal', null);
    return answersOperators(gateway, c.req.raw) ? next() : Promise.resolve(operatorProblem('not-found'));
  });
  for (const [name, operation] of Object.entries(OPERATIONS) as [OperationName, Operation][]) {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, ':$1');
    // `Handlers` checks each handler against its own operation; here they all have the same type.
    const handler = handlers[name] as Handler<OperatorEnv>;
    api.on(operation.method, path, ...checksOf(gateway, name, operation), handler);
  }
  api.all('*', authentication(gateway, { role: 'viewer', about: 'each' }), () => operatorProblem('not-found'));
  api.onError((error, c) => {
    if (!(error instanceof StoreUnavailable)) {
      console.error('A request to the operators’ API failed unexpectedly:', error);
      return operatorProblem('unexpected');
    }
    console.error(...error.logArguments);
    // Once the operator is authenticated, the store may have applied the change and lost only the reply.
    const mayBeApplied = isChange(c.req.raw) && c.var.principal !== null;
    return operatorProblem(mayBeApplied ? 'change-unconfirmed' : 'store-unreachable');
  });
  return api;
}
