import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

/** Whole openings are played against the real clock; two minutes of line and the start of a runtime fit in this. */
const PLAYED_MS_MAX = 240_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/workers/**', 'test/load/**'],
          globalSetup: ['test/build-worker.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Most of these wait for clocks and browsers, not for the processor.
          maxWorkers: 4,
          // What is waited for comes when a busy machine gets to it; the wait ends as soon as it is there.
          expect: { poll: { timeout: 20_000 } },
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [
          cloudflareTest({
            main: './test/workers/main.ts',
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
          include: ['test/workers/**/*.test.ts'],
          globalSetup: ['test/redis/redis-for-workerd.ts'],
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          // Alone, one after the other: what these measure would suffer from neighbours.
          name: 'load',
          include: ['test/load/**/*.test.ts'],
          globalSetup: ['test/build-worker.ts'],
          fileParallelism: false,
          testTimeout: PLAYED_MS_MAX,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
