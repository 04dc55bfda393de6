// For each alert rule of docs/monitoring: series by which it has to fire, and by which it is over again, in the notation of
// `promtool test rules` (one value a minute). The last value of each series resolves the alert.

export interface AlertCase {
  series: Record<string, string>;
  /** Minutes after which it fires, and is over. */
  firesAt: number;
  overAt: number;
  /** Labels of the alert, without those that every alert has. */
  labels: Record<string, string>;
}

/** An alarm of the room that two gateways see, one of them for longer. */
function alarm(kind: string, severity: string, more: Record<string, string> = {}): AlertCase {
  const of = (instance: string) =>
    `fairgate_alarm{room="demo",kind="${kind}",severity="${severity}",instance="${instance}"}`;
  return {
    series: { [of('a')]: '_x2 1x10 _x20', [of('b')]: '_x2 1x12 _x20' },
    firesAt: 10,
    overAt: 30,
    labels: { room: 'demo', ...more },
  };
}

const requests = (le: string, values: string) => ({
  [`fairgate_request_duration_seconds_bucket{kind="board",le="${le}",instance="a"}`]: values,
});

export const ALERT_CASES: Record<string, AlertCase> = {
  FairgateGatewayDown: {
    series: { 'up{job="fairgate",instance="a"}': '1 1 0x5 1x10', 'up{job="fairgate",instance="b"}': '1x20' },
    firesAt: 5,
    overAt: 12,
    labels: { job: 'fairgate', instance: 'a' },
  },
  FairgateNoGateway: {
    series: { 'up{job="fairgate",instance="a"}': '1 1 0x5 1x10' },
    firesAt: 5,
    overAt: 12,
    labels: { job: 'fairgate' },
  },
  FairgateSlowAnswers: {
    // From minute 11 on every request is fast.
    series: {
      ...requests('1', '0x10 600+600x30'),
      ...requests('2.5', '0x10 600+600x30'),
      ...requests('5', '0+600x10 6600+600x30'),
      ...requests('+Inf', '0+600x10 6600+600x30'),
    },
    firesAt: 8,
    overAt: 25,
    labels: { kind: 'board' },
  },
  FairgateStoreFails: {
    series: {
      'fairgate_store_operations_total{kind="claim",outcome="failed",instance="a"}': '0+60x10 600x20',
      'fairgate_store_operations_total{kind="claim",outcome="answered",instance="a"}': '0+300x40',
    },
    firesAt: 8,
    overAt: 20,
    labels: {},
  },
  FairgateRedisCameBackOlder: {
    series: { 'fairgate_redis_losses_total{ledger="demo",instance="a"}': '0x3 1x40' },
    firesAt: 6,
    overAt: 30,
    labels: { ledger: 'demo' },
  },
  FairgateVersionsDiffer: {
    series: {
      'fairgate_build_info{version="0.2.0",instance="a"}': '1x40 _x20',
      'fairgate_build_info{version="0.3.0",instance="b"}': '1x60',
    },
    firesAt: 35,
    overAt: 55,
    labels: {},
  },
  FairgateAlarmsDoNotArrive: {
    series: { 'fairgate_alarm_deliveries_total{room="demo",outcome="failed",instance="a"}': '0+1x10 10x40' },
    firesAt: 10,
    overAt: 40,
    labels: { room: 'demo' },
  },
  FairgateStoreUnreachable: alarm('storeUnreachable', 'critical'),
  FairgateClockLeapt: alarm('clockLeapt', 'critical'),
  FairgateDrawCannotBeMade: alarm('drawKeyMissing', 'critical', { kind: 'drawKeyMissing' }),
  FairgateBeaconLate: alarm('beaconLate', 'critical'),
  FairgateOriginStopped: alarm('originStopped', 'critical'),
  FairgateOriginSlowed: alarm('originSlowed', 'warning'),
  FairgateOriginUnwell: alarm('originSlow', 'warning', { kind: 'originSlow' }),
  FairgateFewComeWhenCalled: alarm('showShareFalling', 'warning'),
  FairgateMoreThanExpected: alarm('arrivalsAbovePlan', 'warning'),
  FairgateLineStandsStill: {
    series: {
      'fairgate_room_waiting{room="demo",instance="a"}': '50x40',
      'fairgate_room_state{room="demo",state="open",instance="a"}': '1x40',
      'fairgate_room_active{room="demo",instance="a"}': '3x40',
      'fairgate_room_total_active_users{room="demo",limit="in_force",instance="a"}': '10x40',
      'fairgate_room_called_total{room="demo",instance="a"}': '0+10x5 50x10 60+10x20',
    },
    firesAt: 12,
    overAt: 25,
    labels: { room: 'demo' },
  },
  FairgateStockIsOld: {
    series: {
      'fairgate_room_stock_age_seconds{room="demo",instance="a"}': '0+60x10 5x10',
      'fairgate_room_active{room="demo",instance="a"}': '3x40',
    },
    firesAt: 9,
    overAt: 15,
    labels: { room: 'demo' },
  },
  FairgateLogNearlyFull: {
    series: { 'fairgate_room_log_records{room="demo",instance="a"}': '95000x10 1x10' },
    firesAt: 8,
    overAt: 15,
    labels: { room: 'demo' },
  },
};
