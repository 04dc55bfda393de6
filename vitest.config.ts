import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** Openings run against the real clock: two minutes of line and the start of a runtime fit into this. */
const OPENING_MS_MAX = 240_000;

const BROWSER = ['test/**/*.browser.test.{ts,tsx}'];

/** Settings of the projects whose tests run in Node. */
const node: TestProjectInlineConfiguration['test'] = {
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // Most tests wait for timers and processes, not for the processor. Projects run one after the other (groupOrder).
  maxWorkers: 4,
  // A poll ends as soon as its condition holds; the limit is for a machine under load.
  expect: { poll: { timeout: 20_000 } },
};

export default defineConfig({
  test: {
    projects: [
      // Pure functions and source files only: no process, no port, no browser.
      {
        test: {
          ...node,
          name: 'core',
          include: ['test/{core,simulation}/**/*.test.ts'],
          exclude: BROWSER,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...node,
          name: 'gateway',
          maxWorkers: 8,
          include: ['test/{gateway,operators,origin,pages,console,rehearsal,scripts}/**/*.test.{ts,tsx}'],
          exclude: BROWSER,
          globalSetup: ['test/build-worker.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...node,
          name: 'redis',
          include: ['test/redis/**/*.test.ts'],
          globalSetup: ['test/build-worker.ts'],
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...node,
          name: 'browser',
          include: BROWSER,
          // Each file has a browser of its own, which needs a processor while a page loads and waits otherwise. A retried test is printed as one.
          maxWorkers: 3,
          retry: 1,
          globalSetup: ['test/build-worker.ts'],
          sequence: { groupOrder: 3 },
        },
      },
      {
        plugins: [
          cloudflareTest({
            main: './test/workerd/main.ts',
            miniflare: {
              compatibilityDate: '2026-11-01',
              durableObjects: {
                ROOM_OBJECTS: { className: 'RoomObject', useSQLite: true },
                DIRECTORY_OBJECTS: { className: 'DirectoryObject', useSQLite: true },
                RELAY_OBJECTS: { className: 'Relay' },
              },
            },
          }),
        ],
        test: {
          name: 'workerd',
          include: ['test/workerd/**/*.test.ts'],
          globalSetup: ['test/redis/redis-for-workerd.ts'],
          testTimeout: 60_000,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          ...node,
          name: 'miniflare',
          include: ['test/miniflare/**/*.test.ts'],
          globalSetup: ['test/build-worker.ts'],
          sequence: { groupOrder: 5 },
        },
      },
      {
        test: {
          // One file after the other, because they measure. Where another program uses the processors, they measure that.
          name: 'load',
          retry: 1,
          include: ['test/load/**/*.test.ts'],
          globalSetup: ['test/build-worker.ts'],
          fileParallelism: false,
          testTimeout: OPENING_MS_MAX,
          hookTimeout: 60_000,
          sequence: { groupOrder: 6 },
        },
      },
    ],
  },
});
