// How numbers, durations and times are written in both reports.

export function number(value: number): string {
  return value.toLocaleString('en-US');
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

export function milliseconds(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

export function seconds(value: number): string {
  return value < 120 ? `${value.toFixed(1)} s` : `${(value / 60).toFixed(1)} min`;
}

/** Local time of the machine that prints: the people who read it use the same clock. */
export function time(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB');
}
