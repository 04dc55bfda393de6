// The machine and the versions that figures were measured with, and what core a process runs on.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { resolve } from 'node:path';
import { GENERATOR } from './load.ts';

/** Called before anything is measured: it says how busy the machine is. */
export function machine(): [string, string][] {
  const version = (name: string): string =>
    JSON.parse(readFileSync(resolve(import.meta.dirname, `../../node_modules/${name}/package.json`), 'utf8')).version;
  const gigabytes = (totalmem() / 2 ** 30).toFixed(0);
  return [
    ['processor', `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${gigabytes} GB of memory`],
    ['system', `${type()} ${release()}`],
    ['versions', `workerd ${version('workerd')}, Node ${process.versions.node}, Hono ${version('hono')}`],
    ['busy', `load average ${loadavg()[0]?.toFixed(1)} when the bench began; without other work it is below 0.5`],
    ['load', GENERATOR === 'wrk' ? `wrk ${wrkVersion()}` : 'Node (wrk is not installed)'],
  ];
}

function wrkVersion(): string {
  try {
    execFileSync('wrk', ['-v'], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    // It prints its version and ends with status 1.
    const { stdout = '' } = error as { stdout?: string };
    return /^wrk (?:debian\/)?(\S+)/m.exec(stdout)?.[1] ?? '';
  }
  return '';
}

/** Gives all threads of a process one core. @returns false where the system cannot */
export function pin(pid: number | undefined, core: number): boolean {
  if (process.platform !== 'linux' || pid === undefined || cpus().length < 2) return false;
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(pid)], { stdio: 'ignore' });
  return true;
}

/** Memory of a process that is in use, in MB. */
export function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1_024;
}

/** Time that a process has had a processor for so far, in ms; NaN where the system does not say. */
export function processorMs(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  // The name of the program, in parentheses, may have spaces in it (proc(5)).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}

/** USER_HZ, which is the same on every Linux. */
const TICKS_PER_SECOND = 100;
