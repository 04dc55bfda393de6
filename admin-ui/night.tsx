// The screen of the night: state and clock of the opening, the four numbers that matter, alarms, curves over one time axis, and
// the hands on the line. It asks once a second and says how old its numbers are.

import { useRef, useState } from 'hono/jsx/dom';
import type { Alarm, Bucket, Live, Role } from '../worker/contract/operators.ts';
import { Chart } from './chart.tsx';
import { call } from './client.ts';
import { useEffect } from './effect.ts';
import { BUCKET_MS, clockText, hasGap, latencyMs, marksOf, mergeBuckets, perMinute, refusedIn } from './figures.ts';
import { Log } from './log.tsx';
import { number, timeOfDay } from './look.ts';
import { type Done, Flow, Limits, Message } from './steering.tsx';
import type { Words } from './words-en.ts';

const POLL_MS = 1_000;
/** Numbers older than this say so. */
const STALE_MS = 3_000;
const RANGES = { last15: 15 * 60_000, lastHour: 3_600_000, all: 48 * 3_600_000 } as const;

interface Known {
  live: Live;
  /** This browser's stopwatch when it came. */
  receivedMs: number;
}

export function Night({
  words,
  room,
  role,
  signedOut,
}: {
  words: Words;
  room: string;
  role: Role;
  signedOut: () => void;
}) {
  const [known, setKnown] = useState<Known | null>(null);
  const [lost, setLost] = useState('');
  const [buckets, setBuckets] = useState<Bucket[]>([]);
  const [bounds, setBounds] = useState<number[]>([]);
  const [marks, setMarks] = useState<number[]>([]);
  const [timeZone, setTimeZone] = useState<string | null>(null);
  const [title, setTitle] = useState('');
  const [range, setRange] = useState<keyof typeof RANGES>('last15');
  const [done, setDone] = useState<Done | null>(null);
  const [, setTick] = useState(0);
  const collected = useRef<Bucket[]>([]);
  const logSeq = useRef(0);
  /** The screen is gone: what still comes is nobody's. */
  const gone = useRef(false);

  const collect = (more: Bucket[]) => {
    collected.current = mergeBuckets(collected.current, more);
    setBuckets(collected.current);
  };
  const readHistory = async () => {
    for (let after = 0; ; ) {
      const outcome = await call('history', { at: { room }, query: { after } });
      if (outcome.kind !== 'answer' || gone.current) return;
      setBounds(outcome.answer.latencyBoundsMs);
      collect(outcome.answer.buckets);
      if (outcome.answer.next === null) return;
      after = outcome.answer.next;
    }
  };
  const readMarks = async (after: number) => {
    const outcome = await call('audit', { at: { room }, query: { after } });
    if (outcome.kind !== 'answer' || gone.current) return;
    setMarks((before: number[]) => [...before, ...marksOf(outcome.answer.records).map(({ at }) => at)]);
  };

  useEffect(() => {
    let over = false;
    let next = 0;
    const look = async () => {
      const outcome = await call('live', { at: { room } });
      if (over) return;
      if (outcome.kind === 'answer') {
        const live = outcome.answer;
        setKnown({ live, receivedMs: performance.now() });
        setLost('');
        if (collected.current.length === 0 || hasGap(collected.current, live.buckets)) await readHistory();
        if (over) return;
        collect(live.buckets);
        if (live.audit.seq > logSeq.current) {
          const after = logSeq.current;
          logSeq.current = live.audit.seq;
          readMarks(after);
        }
      } else if (outcome.kind === 'problem') {
        if (outcome.problem.status === 401) return signedOut();
        setLost(words.problem(outcome.problem.title, outcome.problem.detail));
      } else setLost('unreachable');
      next = setTimeout(look, POLL_MS) as unknown as number;
    };
    collected.current = [];
    logSeq.current = 0;
    setMarks([]);
    look();
    call('room', { at: { room } }).then((outcome) => {
      if (over || outcome.kind !== 'answer') return;
      setTimeZone(outcome.answer.site.timeZone ?? 'UTC');
      setTitle(outcome.answer.site.title[words.lang]);
    });
    const tick = setInterval(() => setTick((before: number) => before + 1), 500);
    return () => {
      over = true;
      gone.current = true;
      clearTimeout(next);
      clearInterval(tick);
    };
  }, [room]);

  useShortcuts();
  if (known === null)
    return <main class="page">{lost === '' ? words.loading : lost === 'unreachable' ? words.unreachable : lost}</main>;

  const { live } = known;
  const zone = timeZone ?? 'UTC';
  const sinceMs = performance.now() - known.receivedMs;
  const now = Date.parse(live.serverTime) + sinceMs;
  const ageMs = now - Date.parse(live.asOf);
  const toOpening = Date.parse(live.opensAt) - now;
  const stateName = live.flow === 'held' && live.state === 'paused' ? 'held' : live.state;
  document.title = `${live.alarms.length > 0 ? `(${live.alarms.length}) ` : ''}${number(words, live.waiting)} ${words.numbers.waiting} · ${title || room}`;

  return (
    <main class="night">
      {lost !== '' && (
        <p class="banner" role="alert">
          {lost === 'unreachable' ? words.lost(timeOfDay(words, live.asOf, zone)) : lost}
        </p>
      )}
      <header class="now" data-state={stateName}>
        <div>
          <h1>
            <Shape state={stateName} /> {words.states[stateName]}
          </h1>
          <p class="soft">
            {title} · {room}
          </p>
        </div>
        <p class="clock">
          <b>{clockText(Math.abs(toOpening))}</b>
          <span>{toOpening > 0 ? words.toOpening : words.sinceOpening}</span>
        </p>
        <p class="soft">
          <b class="mono">{timeOfDay(words, now, zone)}</b> {words.serverTime}
          <br />
          {ageMs > STALE_MS ? (
            <strong class="stale">{words.stale(Math.round(ageMs / 1000))}</strong>
          ) : (
            words.asOf(timeOfDay(words, live.asOf, zone))
          )}
          <br />
          {live.inForceAt === null
            ? words.spreading
            : words.inForce(live.gateways, timeOfDay(words, live.inForceAt, zone))}
        </p>
      </header>

      {done !== null && (
        <p class="done" role="status">
          {done.said}{' '}
          {done.undo !== null && (
            <button type="button" onClick={() => done.undo?.()}>
              {words.actions.undo}
            </button>
          )}
          <button type="button" onClick={() => setDone(null)}>
            {words.actions.dismiss}
          </button>
        </p>
      )}

      <Numbers words={words} live={live} buckets={buckets} />
      <div class="columns">
        <div>
          <Alarms words={words} live={live} zone={zone} />
          <Curves
            words={words}
            live={live}
            buckets={buckets}
            bounds={bounds}
            marks={marks}
            now={now}
            range={range}
            timeZone={zone}
            choose={setRange}
          />
        </div>
        <div>
          <Flow words={words} role={role} live={live} timeZone={zone} done={setDone} />
          <Limits words={words} role={role} live={live} timeZone={zone} done={setDone} />
          <Message key={room} words={words} role={role} live={live} timeZone={zone} done={setDone} />
        </div>
      </div>
      <div id="log" tabindex={-1}>
        <Log key={`${room} ${live.audit.seq}`} words={words} room={room} />
      </div>
    </main>
  );
}

function Numbers({ words, live, buckets }: { words: Words; live: Live; buckets: Bucket[] }) {
  const admitted = perMinute(buckets, (bucket) => bucket.admitted);
  const arriving = perMinute(buckets, (bucket) => bucket.arrived);
  const items = [
    { label: words.numbers.waiting, value: live.waiting, below: `${words.waitNow}: ${words.wait(live.waitSeconds)}` },
    {
      label: words.numbers.admitted,
      value: admitted,
      below: words.of(number(words, live.newUsersPerMinute)),
      share: admitted / live.newUsersPerMinute,
    },
    {
      label: words.numbers.inside,
      value: live.active,
      below: words.of(number(words, live.totalActiveUsers)),
      share: live.active / live.totalActiveUsers,
    },
    {
      label: words.numbers.arrived,
      value: live.arrived,
      below:
        live.expectedVisitors === null
          ? words.aMinute(number(words, arriving))
          : words.expected(number(words, live.expectedVisitors)),
    },
  ];
  return (
    <dl class="numbers">
      {items.map(({ label, value, below, share }) => (
        <div class="card">
          <dt>{label}</dt>
          <dd>
            <b>{number(words, value)}</b>
            {share !== undefined && <meter min={0} max={1} value={Math.min(1, share)} aria-label={label} />}
            <span class="soft">{below}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Alarms({ words, live, zone }: { words: Words; live: Live; zone: string }) {
  const [sound, setSound] = useState<AudioContext | null>(null);
  const before = useRef(live.alarms.length);
  useEffect(() => {
    if (live.alarms.length > before.current && sound !== null) chime(sound);
    before.current = live.alarms.length;
  });
  const toggle = () => {
    sound?.close();
    setSound(sound === null ? new AudioContext() : null);
  };
  return (
    <section class={live.alarms.length > 0 ? 'card alarms raised' : 'card alarms'} aria-label={words.alarms.title}>
      <h2>
        {words.alarms.title}
        <button type="button" aria-pressed={sound !== null} onClick={toggle}>
          {words.alarms.sound}
        </button>
      </h2>
      <div role="alert">
        <ul>
          {live.alarms.map((alarm) => (
            <li key={alarm.kind}>{alarmText(words, alarm, zone)}</li>
          ))}
        </ul>
      </div>
      {live.alarms.length === 0 && <p class="soft">{words.alarms.none}</p>}
    </section>
  );
}

function alarmText(words: Words, alarm: Alarm, zone: string): string {
  switch (alarm.kind) {
    case 'storeUnreachable':
      return words.alarms.storeUnreachable(alarm.ageSeconds);
    case 'originFailing':
      return words.alarms.originFailing(timeOfDay(words, alarm.since, zone));
    case 'originErrors':
      return words.alarms.originErrors(alarm.sharePercent);
    case 'originSlow':
      return words.alarms.originSlow(alarm.latencyMs, alarm.usualMs);
    case 'arrivalsAbovePlan':
      return words.alarms.arrivalsAbovePlan(number(words, alarm.arrived), number(words, alarm.expected));
    case 'showShareFalling':
      return words.alarms.showShareFalling(alarm.sharePercent, alarm.beforePercent);
    case 'limitReached':
      return words.alarms.limitReached(number(words, alarm.active));
  }
}

function chime(audio: AudioContext): void {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  volume.gain.setValueAtTime(0.2, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.6);
  tone.frequency.value = 660;
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.6);
}

function Curves(props: {
  words: Words;
  live: Live;
  buckets: Bucket[];
  bounds: number[];
  marks: number[];
  now: number;
  range: keyof typeof RANGES;
  timeZone: string;
  choose: (range: keyof typeof RANGES) => void;
}) {
  const { words, live, buckets, bounds, marks, now, range, timeZone, choose } = props;
  const { charts } = words;
  // Moved on in whole buckets, so that the curves stand still between two of them.
  const to = Math.ceil(now / BUCKET_MS) * BUCKET_MS;
  const first = buckets[0] === undefined ? to - RANGES.last15 : Date.parse(buckets[0].at);
  const from = range === 'all' ? first : to - RANGES[range];
  const shown = buckets.filter(({ at }) => Date.parse(at) >= from - BUCKET_MS);
  const times = shown.map(({ at }) => Date.parse(at));
  const last = shown.at(-1);
  const share = (p: number) => shown.map((bucket) => latencyMs(bucket, p, bounds));
  const common = { times, marks, range: { from, to }, lang: words.lang, timeZone };
  const value = (text: string, count: number | null | undefined) =>
    `${text} ${count == null ? '–' : number(words, count)}`;
  const medians = share(0.5);
  return (
    <section class="card curves">
      <fieldset class="row">
        <legend>{charts.range}</legend>
        {(['last15', 'lastHour', 'all'] as const).map((one) => (
          <button type="button" aria-pressed={range === one} onClick={() => choose(one)}>
            {charts[one]}
          </button>
        ))}
      </fieldset>
      {last === undefined && <p class="soft">{charts.none}</p>}
      <Chart
        {...common}
        title={charts.flow}
        said={charts.latest(`${value(charts.arrivals, last?.arrived)}, ${value(charts.admissions, last?.admitted)}`)}
        series={[
          { label: charts.arrivals, colour: '--c-arrivals', values: shown.map((bucket) => bucket.arrived) },
          { label: charts.admissions, colour: '--c-admitted', values: shown.map((bucket) => bucket.admitted) },
          {
            label: charts.rate,
            colour: '--c-limit',
            limit: true,
            values: shown.map((bucket) => bucket.newUsersPerMinute / 6),
          },
        ]}
      />
      <Chart
        {...common}
        title={charts.waiting}
        said={charts.latest(number(words, live.waiting))}
        series={[{ label: charts.waiting, colour: '--c-waiting', values: shown.map((bucket) => bucket.waiting) }]}
      />
      <Chart
        {...common}
        title={charts.inside}
        said={charts.latest(number(words, live.active))}
        series={[
          { label: charts.inside, colour: '--c-admitted', values: shown.map((bucket) => bucket.active) },
          {
            label: charts.limit,
            colour: '--c-limit',
            limit: true,
            values: shown.map((bucket) => bucket.totalActiveUsers),
          },
        ]}
      />
      <Chart
        {...common}
        title={charts.origin}
        said={charts.latest(value(charts.median, medians.findLast((one) => one !== null) ?? null))}
        series={[
          { label: charts.median, colour: '--c-admitted', values: medians },
          { label: charts.p95, colour: '--c-waiting', values: share(0.95) },
          {
            label: charts.errors,
            colour: '--c-errors',
            values: shown.map(({ origin }) => origin.errors + origin.unreachable),
          },
        ]}
      />
      <Chart
        {...common}
        title={charts.refused}
        said={charts.latest(value(charts.refused, last === undefined ? null : refusedIn(last)))}
        series={[{ label: charts.refused, colour: '--c-errors', values: shown.map(refusedIn) }]}
      />
    </section>
  );
}

/** A state is a word and a shape, never a colour alone. */
function Shape({ state }: { state: keyof Words['states'] }) {
  const paths: Record<keyof Words['states'], string> = {
    scheduled: 'M12 4a8 8 0 1 0 .01 0M12 7v5l3 2',
    prequeue: 'M12 4a8 8 0 1 0 .01 0M12 7v5l3 2',
    drawing: 'M4 7h4l8 10h4M4 17h4l8-10h4',
    open: 'M8 5l10 7-10 7z',
    paused: 'M9 5v14M15 5v14',
    held: 'M6 6h12v12H6z',
    soldOut: 'M5 12h14',
    closed: 'M6 6l12 12M18 6L6 18',
  };
  return (
    <svg class="shape" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[state]} />
    </svg>
  );
}

/** Single letters press what is on the screen; in a field they are letters. */
function useShortcuts(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const field = (event.target as HTMLElement).closest('input, textarea, select');
      if (field !== null || event.ctrlKey || event.metaKey || event.altKey) return;
      const letter = event.key.toUpperCase();
      if (letter === 'L') document.getElementById('log')?.focus();
      else document.querySelector<HTMLButtonElement>(`[aria-keyshortcuts="${letter}"]:not(:disabled)`)?.click();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}
