// Targets of alarms: owners add, change, try and remove them. A secret is in the response that made it and nowhere else, and what is
// behind the host of an address is never returned: services put tokens there.

import type { DirectoryChange } from '../../queue-core/directory/directory-document.ts';
import { type EpochMs, rfc3339 } from '../../queue-core/time.ts';
import { testBody } from '../alarms/alarm-message.ts';
import { isDelivered } from '../alarms/alarm-sender.ts';
import { targetAddressFault } from '../alarms/target-address.ts';
import type { AlarmTest } from '../contract/operator-api.ts';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import { json } from '../http/responses.ts';
import type { OwnAddresses } from '../proxy/loops.ts';
import { noContent } from './change-response.ts';
import { changeDirectory, type DirectoryChangeGateway } from './directory-changes.ts';
import type { Handlers } from './operation-context.ts';

type TargetGateway = DirectoryChangeGateway &
  OwnAddresses &
  Pick<Gateway, 'alarmSecrets' | 'alarmSender' | 'alarmTests' | 'ownTime' | 'randomId' | 'stopwatch'>;

type Operations =
  | 'alarmTargets'
  | 'addAlarmTarget'
  | 'changeAlarmTarget'
  | 'rotateAlarmTarget'
  | 'testAlarmTarget'
  | 'removeAlarmTarget';

export function alarmTargetHandlers(gateway: TargetGateway): Handlers<Operations> {
  const { alarmSecrets: secrets, alarmSender: sender } = gateway;
  return {
    alarmTargets(c) {
      const now = gateway.ownTime();
      const targets = c.var.directory.alarmTargets.map((target) => {
        const { url, secret: _, formerSecret, ...told } = target;
        const until = formerSecret !== null && formerSecret.until > now ? rfc3339(formerSecret.until) : null;
        return { ...told, host: new URL(url).origin, canSign: sender.canSign(target), formerSecretUntil: until };
      });
      return json({ targets });
    },

    async addAlarmTarget(c) {
      const { body, directory } = c.var;
      const fault = addressProblem(gateway, body.url, directory.rooms);
      if (fault !== null) return fault;
      const id = gateway.randomId(6);
      const secret = secrets.seal();
      const change: DirectoryChange = { kind: 'putAlarmTarget', isNew: true, target: { id, ...body, secret } };
      const outcome = await changeDirectory(gateway, c.var, change);
      if (outcome.kind === 'refused') return outcome.response;
      return json({ id, secret: body.form === 'slack' ? null : secrets.text(secret) });
    },

    async changeAlarmTarget(c) {
      const { body, directory } = c.var;
      const fault = body.url === null ? null : addressProblem(gateway, body.url, directory.rooms);
      if (fault !== null) return fault;
      const target = { id: c.req.param('target') ?? '', ...body, secret: null };
      const outcome = await changeDirectory(gateway, c.var, { kind: 'putAlarmTarget', isNew: false, target });
      return outcome.kind === 'refused' ? outcome.response : noContent();
    },

    async rotateAlarmTarget(c) {
      const id = c.req.param('target') ?? '';
      const target = c.var.directory.alarmTargets.find((one) => one.id === id);
      const secret = secrets.seal();
      const outcome = await changeDirectory(gateway, c.var, { kind: 'rotateAlarmTarget', target: id, secret });
      if (outcome.kind === 'refused') return outcome.response;
      return json({ id, secret: target?.form === 'slack' ? null : secrets.text(secret) });
    },

    async testAlarmTarget(c) {
      const id = c.req.param('target') ?? '';
      const target = c.var.directory.alarmTargets.find((one) => one.id === id);
      if (target === undefined) return operatorProblem('not-found');
      const seconds = gateway.alarmTests.secondsToWait(id);
      if (seconds > 0) return operatorProblem('too-many-requests', { 'Retry-After': String(seconds) });
      const startedAt = gateway.stopwatch();
      const at = gateway.ownTime();
      const body = testBody(target.form, target.language, c.var.principal.actor.name, at);
      const sent = await sender.send(target, `test_${c.var.changeId}`, body);
      const ms = Math.round(gateway.stopwatch() - startedAt);
      return json({ isDelivered: isDelivered(sent), ...sent, ms } satisfies AlarmTest);
    },

    async removeAlarmTarget(c) {
      const target = c.req.param('target') ?? '';
      const outcome = await changeDirectory(gateway, c.var, { kind: 'removeAlarmTarget', target });
      return outcome.kind === 'refused' ? outcome.response : noContent();
    },
  };
}

type Rooms = readonly { id: string; site: { hosts: string[] }; archivedAt: EpochMs | null }[];

function addressProblem(own: OwnAddresses, url: string, rooms: Rooms): Response | null {
  const served = rooms
    .filter(({ archivedAt }) => archivedAt === null)
    .map(({ id, site }) => ({ id, hosts: site.hosts }));
  const fault = targetAddressFault(url, own, served);
  return fault === null ? null : operatorProblem('bad-input', {}, { errors: [{ field: 'url', ...fault }] });
}
