import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** Exit code of sanitize.mjs where the compiler or its sanitizers are missing. */
const UNAVAILABLE = 3;

// The first run compiles every kernel and operation; later ones only what changed.
it('the C++ tests pass under the address and undefined-behaviour sanitizers', context => {
  const script = fileURLToPath(new URL('../scripts/sanitize.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (status === UNAVAILABLE) context.skip(stderr.trim());
  expect(`${stdout}${stderr}`).toMatch(/^[1-9]\d* passed, 0 failed$/m);
  expect(status).toBe(0);
}, 900_000);
