import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      'packages/*',
      { test: { name: 'tools', include: ['tools/**/*.test.ts'] } },
      // The site is built first, and browsers start slowly on a busy machine.
      {
        test: {
          name: 'docs',
          include: ['apps/docs/test/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
    ],
    // Two cores are the smallest machine that the suite must fit on.
    maxWorkers: 2,
    reporters: ['default', './tools/summaryReporter.ts'],
  },
});
