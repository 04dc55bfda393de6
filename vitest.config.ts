import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** Whole openings run against the real clock; two minutes of line and the start of a runtime fit in this. */
const LOAD_TEST_MS_MAX = 240_000;

const BROWSER = ['test/**/*.browser.test.{ts,tsx}'];

/** Settings of the projects whose tests run in Node. */
const node: TestProjectInlineConfiguration['test'] = {
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // Most tests wait for clocks, processes and browsers, not for the processor.
  maxWorkers: 4,
  // A poll ends as soon as its condition holds; the limit is for a busy machine.
  expect: { poll: { timeout: 20_000 } },
};

export default defineConfig({
  test: {
    projects: [
      // Pure functions only: no process, no port, no browser.
      { test: { ...node, name: 'core', include: ['test/core/**/*.test.ts'], sequence: { groupOrder: 0 } } },
      {
        test: {
          ...node,
          name: 'gateway',
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
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...node,
          name: 'browser',
          include: BROWSER,
          globalSetup: ['test/build-worker.ts'],
          sequence: { groupOrder: 1 },
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
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...node,
          name: 'miniflare',
          include: ['test/miniflare/**/*.test.ts'],
          globalSetup: ['test/build-worker.ts'],
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          // One file after the other: what these measure would suffer from neighbours.
          name: 'load',
          include: ['test/load/**/*.test.ts'],
          globalSetup: ['test/build-worker.ts'],
          fileParallelism: false,
          testTimeout: LOAD_TEST_MS_MAX,
          hookTimeout: 60_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
