import { defineConfig } from 'vitest/config';

/** Node 20 has relaxed SIMD behind a flag, which newer ones no longer know. */
const flags = Number(process.versions.node.split('.')[0]) < 22 ? ['--experimental-wasm-relaxed-simd'] : [];

export default defineConfig({
  test: { include: ['test/**/*.test.ts'], testTimeout: 120_000, execArgv: flags },
});
