import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: ['packages/*', { test: { name: 'tools', include: ['tools/**/*.test.ts'] } }],
    // Two cores are the smallest machine that the suite must fit on.
    maxWorkers: 2,
    reporters: ['default', './tools/summaryReporter.ts'],
  },
});
