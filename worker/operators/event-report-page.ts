// An event report as one HTML document without a script: it opens without a network, prints, and names the zone of its times.

import { html, raw } from 'hono/html';
import { LATENCY_BOUNDS_MS, REFUSAL_REASONS } from '../../queue-core/document/history-state.ts';
import { MINUTE_BUCKETS_MAX, MINUTE_MS } from '../../queue-core/limits.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { documentHead } from '../pages/document-opening.ts';
import style from './event-report.css?bundle';
import type { Act } from './event-report-acts.ts';
import { type ChartAxis, chart, type Html } from './event-report-charts.ts';
import { FLOW_NAMES, quantileClass, type ReportBin, type ReportFigures, SLOW_MS } from './event-report-figures.ts';
import type { ReportStrings, SummaryFacts } from './event-report-strings.ts';
import { formatCount, formatShare, type ReportTimes, waitClass } from './event-report-times.ts';

/**
 * Nothing is loaded and nothing runs, in a browser that gets the report from the gateway as in one that opens the saved file. Labels of
 * charts are placed by attributes of style, which no digest covers.
 */
const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
export const reportPolicy = `${CONTENT_POLICY}; frame-ancestors 'none'`;

export interface ReportModel {
  strings: ReportStrings;
  times: ReportTimes;
  room: string;
  title: string;
  gateway: string;
  from: EpochMs;
  /** The report ends here; what follows is not counted yet. */
  to: EpochMs;
  madeAt: EpochMs;
  /** null: the report is about a range of time, or the opening has not come. */
  opensAt: EpochMs | null;
  figures: ReportFigures;
  acts: readonly Act[];
  /** How many more there are. */
  actsLeftOut: number;
  /** Times that admissions were stopped for the site's health. */
  stops: number;
}

const PERCENTS = [25, 50, 75, 90, 99] as const;

export async function reportPage(model: ReportModel): Promise<string> {
  const view = new ReportView(model);
  return String(await view.document());
}

class ReportView {
  readonly #model: ReportModel;
  readonly #t: ReportStrings;
  readonly #times: ReportTimes;
  readonly #axis: ChartAxis;
  readonly #hasDays: boolean;

  constructor(model: ReportModel) {
    this.#model = model;
    this.#t = model.strings;
    this.#times = model.times;
    const { bins, binMs } = model.figures;
    const last = (bins.at(-1)?.at ?? 0) + binMs;
    this.#hasDays = last - (bins[0]?.at ?? 0) > 20 * 3_600_000;
    this.#axis = this.#axisOf(bins, binMs);
  }

  document(): Html {
    const { figures, room, title, gateway, from, to, madeAt } = this.#model;
    const t = this.#t;
    const about = {
      ...{ room, gateway, zone: this.#times.zone },
      ...{ from: this.#times.day(from), to: this.#times.day(to), madeAt: this.#times.moment(madeAt) },
    };
    const head = documentHead(t.language, style).replace(
      '<meta charset="utf-8">',
      `<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}">`,
    );
    return html`${raw(head)}<title>${t.reportTitle}: ${title}</title></head>
<body><main>
<header><p class="eyebrow">${t.reportTitle}</p><h1>${title}</h1><p class="soft">${t.about(about)}</p></header>
<section class="summary" aria-label="${t.summary}"><p>${this.#summary()}</p></section>
${this.#tiles()}
${figures.minutes === 0 ? '' : this.#sections()}
${this.#section('acts', this.#acts())}
${this.#section('unknown', this.#unknown())}
${figures.minutes === 0 ? '' : this.#section('numbers', this.#numbers())}
</main></body></html>
`;
  }

  #section(name: keyof ReportStrings['contents'], content: Html): Html {
    return html`<section id="${name}"><h2>${this.#t.contents[name]}</h2>${content}</section>`;
  }

  #sections(): Html {
    const { figures } = this.#model;
    return html`${this.#section('line', this.#line())}
${this.#section('waits', this.#waits())}
${this.#section('limits', this.#limits())}
${this.#section('outcomes', this.#outcomes())}
${this.#section('origin', this.#origin())}
${figures.stock === null ? '' : this.#section('stock', this.#stock(figures.stock))}`;
  }

  #summary(): string {
    const { figures } = this.#model;
    return figures.minutes === 0 ? this.#t.nothing : this.#t.summaryText(this.#facts()).join(' ');
  }

  #facts(): SummaryFacts {
    const { figures, opensAt, from, to, title, stops } = this.#model;
    const { flow, waits, origin, waitingMost, admittedMost, activeMost } = figures;
    const answered = origin.answers + origin.unreachable;
    const [half, most] = [quantileClass(waits.real, 0.5), quantileClass(waits.real, 0.9)];
    const end = (index: number) => {
      const { from: lower, to: upper } = waitClass(index);
      return upper === null ? this.#t.waitRange(lower, null) : this.#t.waitEnd(upper);
    };
    const isOpening = opensAt !== null;
    return {
      title,
      opened: isOpening ? this.#times.moment(opensAt) : null,
      from: this.#times.day(from),
      to: this.#times.day(to),
      arrived: formatCount(flow.arrived),
      before: isOpening ? formatCount(figures.entries) : null,
      after: isOpening ? formatCount(Math.max(0, flow.arrived - figures.entries)) : null,
      waitingMost: waitingMost && { count: formatCount(waitingMost.count), at: this.#minute(waitingMost.at) },
      admitted: formatCount(flow.admitted),
      admittedMost: admittedMost && { count: formatCount(admittedMost.count), limit: formatCount(admittedMost.limit) },
      activeMost: activeMost && { count: formatCount(activeMost.count), limit: formatCount(activeMost.limit) },
      isWithinLimits: figures.overRate.minutes + figures.overPeople.minutes === 0,
      waits: half === null || most === null ? null : { half: end(half), most: end(most) },
      lapsed: formatCount(flow.lapsed),
      completed: flow.completed === 0 ? null : formatCount(flow.completed),
      answered: answered === 0 ? null : formatShare(origin.answers - origin.errors, answered),
      stops,
    };
  }

  #tiles(): Html {
    const { figures } = this.#model;
    const t = this.#t;
    const half = quantileClass(figures.waits.real, 0.5);
    const over = Math.max(figures.overRate.most, figures.overPeople.most);
    const tiles: [string, string, string][] = [
      [t.tiles.arrived, formatCount(figures.flow.arrived), ''],
      [t.tiles.waitingMost, formatCount(figures.waitingMost?.count ?? 0), ''],
      [t.tiles.admitted, formatCount(figures.flow.admitted), ''],
      [t.tiles.halfWait, half === null ? t.unknown : this.#waitText(half), ''],
      [t.tiles.lapsed, formatCount(figures.flow.lapsed), ''],
      [t.tiles.over, formatCount(over), over === 0 ? 'good' : 'bad'],
    ];
    return html`<dl class="tiles">${tiles.map(([name, value, look]) => html`<div><dt>${name}</dt><dd class="${look}">${value}</dd></div>`)}</dl>`;
  }

  #waitText(index: number): string {
    const { from, to } = waitClass(index);
    return to === null ? this.#t.waitRange(from, null) : this.#t.upTo(this.#t.waitEnd(to));
  }

  #line(): Html {
    const { figures } = this.#model;
    const { bins } = figures;
    const { chart: t } = this.#t;
    const [busiest, fullest] = [figures.arrivedMost, figures.waitingMost];
    return html`<p class="soft">${this.#shown()}</p>
${this.#chart(
  'arrivals',
  t.arrivals,
  t.people,
  t.arrivalsCaption(this.#step(), formatCount(busiest?.count ?? 0), this.#minuteOrNone(busiest?.at)),
  [{ look: 'bars', name: t.arrived, values: bins.map(({ arrived }) => arrived) }],
)}
${this.#chart(
  'waiting',
  t.waiting,
  t.people,
  t.waitingCaption(formatCount(fullest?.count ?? 0), this.#minuteOrNone(fullest?.at)),
  [{ look: 'line', name: t.waiting, values: bins.map(({ waitingMax }) => waitingMax) }],
)}`;
  }

  #waits(): Html {
    const { waits } = this.#model.figures;
    const t = this.#t.waits;
    const rows = [
      [t.real, waits.real],
      [t.toldLow, waits.toldLow],
      [t.toldHigh, waits.toldHigh],
    ] as const;
    const total = (classes: readonly number[]) => classes.reduce((sum, count) => sum + count, 0);
    if (total(waits.real) === 0) return html`<p>${t.none}</p>`;
    const told = waits.within + waits.sooner + waits.later;
    const share = (count: number) => `${formatCount(count)} (${formatShare(count, told)})`;
    const compared = { told: formatCount(told), within: share(waits.within), sooner: share(waits.sooner) };
    return html`<p>${t.intro}</p>
${this.#table(
  this.#t.contents.waits,
  ['', ...PERCENTS.map((percent) => t.share(percent)), t.known],
  rows.map(([name, classes]) => [
    name,
    ...PERCENTS.map((percent) => {
      const index = quantileClass(classes, percent / 100);
      return index === null ? this.#t.unknown : this.#waitText(index);
    }),
    formatCount(total(classes)),
  ]),
)}
${told === 0 ? '' : html`<p>${t.compared({ ...compared, later: share(waits.later) })}</p>`}`;
  }

  #limits(): Html {
    const { figures } = this.#model;
    const { bins, admittedMost, activeMost, overRate, overPeople } = figures;
    const { chart: t, limits } = this.#t;
    const of = (peak: { count: number; limit: number; at: EpochMs }) =>
      [formatCount(peak.count), formatCount(peak.limit), this.#minute(peak.at)] as const;
    const minutes = formatCount(figures.minutes);
    const sentences = [
      admittedMost === null
        ? limits.noAdmission
        : overRate.minutes === 0
          ? limits.rateHeld(minutes, ...of(admittedMost))
          : limits.rateBroken(formatCount(overRate.minutes), formatCount(overRate.most)),
      ...(activeMost === null
        ? []
        : [
            overPeople.minutes === 0
              ? limits.peopleHeld(...of(activeMost))
              : limits.peopleBroken(formatCount(overPeople.minutes), formatCount(overPeople.most)),
          ]),
      ...(figures.aboveLowered > 0 ? [limits.lowered(formatCount(figures.aboveLowered))] : []),
      limits.overshoot(formatCount(Math.max(overRate.most, overPeople.most))),
    ];
    return html`<p>${limits.intro}</p><ul>${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul>
${this.#chart('admissions', t.admissions, t.perMinute, t.admissionsCaption, [
  { look: 'bars', name: t.admissions, values: bins.map(({ admittedMax }) => admittedMax) },
  { look: 'limit', name: t.limit, values: bins.map(({ rateLimit }) => rateLimit) },
])}
${this.#chart('inside', t.inside, t.people, t.insideCaption, [
  { look: 'line', name: t.inside, values: bins.map(({ activeMax }) => activeMax) },
  { look: 'limit', name: t.limit, values: bins.map(({ peopleLimit }) => peopleLimit) },
])}`;
  }

  #outcomes(): Html {
    const { figures } = this.#model;
    const { flow, refused, exempt, active, waiting } = figures;
    const t = this.#t;
    const outcomes: [string, string][] = [
      ...FLOW_NAMES.map((name): [string, string] => [t.flow[name], formatCount(flow[name])]),
      [t.stillWaiting, formatCount(waiting)],
      [t.stillInside, formatCount(active)],
    ];
    const refusals = REFUSAL_REASONS.map((reason): [string, string] => [
      t.refusals[reason],
      formatCount(refused[reason]),
    ]);
    return html`${this.#pairs(outcomes)}${this.#pairs([...refusals, [t.refusals.exempt, formatCount(exempt)]])}`;
  }

  #origin(): Html {
    const { figures } = this.#model;
    const { answers, errors, unreachable, latency } = figures.origin;
    const { chart: t, origin } = this.#t;
    if (answers + unreachable === 0) return html`<p>${origin.none}</p>`;
    const { bins } = figures;
    const classes = [...LATENCY_BOUNDS_MS, null].map((bound, index): string[] => {
      const count = latency[index] ?? 0;
      const name =
        bound === null ? origin.slower(formatCount(LATENCY_BOUNDS_MS.at(-1) ?? 0)) : origin.upToMs(formatCount(bound));
      return [name, formatCount(count), formatShare(count, Math.max(1, answers))];
    });
    return html`${this.#pairs([
      [origin.answers, formatCount(answers)],
      [origin.errors, formatCount(errors)],
      [origin.unreachable, formatCount(unreachable)],
    ])}
${this.#table(origin.latency, [origin.latency, origin.count, origin.share], classes)}
${this.#chart('answers', t.origin, t.requests, t.originCaption(this.#t.waitEnd(SLOW_MS / 1_000)), [
  { look: 'bars', name: t.answers, values: bins.map((bin) => bin.answers) },
  { look: 'limit', name: t.failures, values: bins.map((bin) => bin.failures) },
  { look: 'second', name: this.#t.numbers.columns.slow, values: bins.map((bin) => bin.slow) },
])}`;
  }

  #stock({ first, last, least }: NonNullable<ReportFigures['stock']>): Html {
    const { chart: t } = this.#t;
    const { bins } = this.#model.figures;
    return html`<p>${this.#t.stock(formatCount(first), formatCount(last), formatCount(least))}</p>
${this.#chart('left', t.stock, t.left, t.stockCaption, [{ look: 'line', name: t.stock, values: bins.map(({ stock }) => stock) }])}`;
  }

  #acts(): Html {
    const { acts: t } = this.#t;
    const { acts, actsLeftOut } = this.#model;
    if (acts.length === 0) return html`<p>${t.none}</p>`;
    return html`<p>${t.intro}</p>
<div class="scroll" role="group" tabindex="0" aria-label="${this.#t.contents.acts}"><table class="acts">
<thead><tr>${[t.at, t.who, t.what, t.details].map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${acts.map(({ at, who, role, what, from, to, record }) => {
      const details = from === '' ? to : to === '' ? from : `${from} → ${to}`;
      const time = record === null ? this.#times.sortable(at).slice(0, -3) : this.#times.sortable(at);
      return html`<tr><td class="time">${time}</td><td class="${role === null ? 'machine' : ''}">${who}</td><td>${what}</td><td>${details}</td></tr>
`;
    })}</tbody></table></div>
${actsLeftOut === 0 ? '' : html`<p>${t.more(formatCount(actsLeftOut))}</p>`}`;
  }

  #unknown(): Html {
    const { figures, to } = this.#model;
    const notes = this.#t.unknownNotes({
      kept: this.#t.chart.step((MINUTE_BUCKETS_MAX * MINUTE_MS) / 60_000),
      waitsKnown: formatCount(figures.waits.real.reduce((sum, count) => sum + count, 0)),
      admitted: formatCount(figures.flow.admitted),
      upTo: this.#times.day(to),
    });
    return html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`;
  }

  #numbers(): Html {
    const { numbers: t } = this.#t;
    const { bins, stock } = this.#model.figures;
    const { stock: _, ...all } = t.columns;
    const columns = Object.entries(stock === null ? all : t.columns) as [keyof typeof t.columns, string][];
    const cell = (bin: ReportBin, name: keyof typeof t.columns) => (bin[name] === null ? '–' : formatCount(bin[name]));
    return html`<p>${t.intro(this.#step())}</p>
${this.#table(
  this.#t.contents.numbers,
  [t.time, ...columns.map(([, name]) => name)],
  bins.map((bin) => [this.#times.minute(bin.at, this.#hasDays), ...columns.map(([name]) => cell(bin, name))]),
)}`;
  }

  #chart(
    id: string,
    title: string,
    unit: string,
    caption: string,
    series: Parameters<typeof chart>[0]['series'],
  ): Html {
    const table = { href: '#numbers', text: this.#t.chart.asTable };
    return chart({ id, title, unit, caption, series, axis: this.#axis, table });
  }

  #table(name: string, head: readonly string[], rows: readonly (readonly string[])[]): Html {
    const look = (index: number) => (index === 0 ? '' : 'figure');
    return html`<div class="scroll" role="group" tabindex="0" aria-label="${name}"><table>
<thead><tr>${head.map((text, index) => (text === '' ? html`<td></td>` : html`<th scope="col" class="${look(index)}">${text}</th>`))}</tr></thead>
<tbody>${rows.map(
      (cells) => html`<tr>${cells.map((text, index) =>
        index === 0 ? html`<th scope="row" class="time">${text}</th>` : html`<td class="figure">${text}</td>`,
      )}</tr>
`,
    )}</tbody></table></div>`;
  }

  #pairs(rows: readonly (readonly [string, string])[]): Html {
    return html`<table><tbody>${rows.map(
      ([name, value]) => html`<tr><th scope="row">${name}</th><td class="figure">${value}</td></tr>
`,
    )}</tbody></table>`;
  }

  #shown(): string {
    const { bins, binMs } = this.#model.figures;
    const [first, last] = [bins[0], bins.at(-1)];
    if (first === undefined || last === undefined) return '';
    return this.#t.chart.shown(this.#times.day(first.at), this.#times.day(last.at + binMs));
  }

  #step(): string {
    return this.#t.chart.step(this.#model.figures.binMs / MINUTE_MS);
  }

  #minute(at: EpochMs): string {
    return this.#times.minute(at, this.#hasDays);
  }

  #minuteOrNone(at: EpochMs | undefined): string {
    return at === undefined ? this.#t.none : this.#minute(at);
  }

  #axisOf(bins: readonly ReportBin[], binMs: number): ChartAxis {
    const { opensAt } = this.#model;
    const every = Math.max(1, Math.ceil(bins.length / LABELS_MAX));
    const labels = bins.flatMap(({ at }, step) => (step % every === 0 ? [{ step, text: this.#minute(at) }] : []));
    const first = bins[0]?.at ?? 0;
    const share = opensAt === null ? -1 : (opensAt - first) / (Math.max(1, bins.length) * binMs);
    const opening = share < 0 || share > 1 ? null : { share, text: this.#t.chart.opening };
    return { steps: bins.length, labels, opening };
  }
}

/** Labels of the axis of time: as many as stand beside each other with a day. */
const LABELS_MAX = 8;
