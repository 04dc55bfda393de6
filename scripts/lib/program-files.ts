// Files that the commands need beside their own code: the runtime, its configurations, and what is built for it. In a checkout
// they are built when they are needed; a release (scripts/build-release.ts) has them.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { VERSION } from '../../worker/version.ts';

/** Set by the build of a release, absent in a checkout. */
declare const FAIRGATE_RELEASE: string | undefined;

/** What a release says that it is, as `0.3.0 (1a2b3c4)`; null: a checkout. */
export const release: string | null = typeof FAIRGATE_RELEASE === 'string' ? FAIRGATE_RELEASE : null;

export const version = release ?? VERSION;

/** The folder of `package.json`, from which a release has the same structure. */
export const ROOT = rootAbove(import.meta.dirname);

function rootAbove(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const above = dirname(folder);
  if (above === folder)
    throw new Error(`No package.json above ${import.meta.dirname}: this installation is incomplete.`);
  return rootAbove(above);
}

/** The binary of workerd. */
export function runtimeFile(): string {
  if (release !== null) return join(ROOT, 'bin/workerd');
  // The package is CommonJS without types; its `default` is the path.
  return (createRequire(import.meta.url)('workerd') as { default: string }).default;
}

export function configurationFile(name: string): string {
  return join(ROOT, 'scripts/lib', name);
}

/** Files of `dist/`. */
type BuiltFile = 'worker.js' | 'maintenance-worker.js' | 'report.css' | 'report-cursor.js';

/** @returns the path of a file of `dist/`, which is built first, unless this is a release */
export async function builtFile(name: BuiltFile): Promise<string> {
  if (release !== null) return join(ROOT, 'dist', name);
  const { buildMaintenanceWorker, buildReportPart, buildWorker } = await import('../build.ts');
  switch (name) {
    case 'worker.js':
      return buildWorker();
    case 'maintenance-worker.js':
      return buildMaintenanceWorker();
    default:
      return buildReportPart(name);
  }
}
