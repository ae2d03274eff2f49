import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: ['packages/*'],
    // Two cores are the smallest machine that the suite must fit on.
    maxWorkers: 2,
    reporters: ['default', './tools/summaryReporter.ts'],
  },
});
