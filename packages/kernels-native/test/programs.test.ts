import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'apb-isa-'));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Exit code of sanitize.mjs where the compiler or its sanitizers are missing. */
const UNAVAILABLE = 3;

const node = (folder: string, script: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(folder, 'scripts', script), ...args], { encoding: 'utf8' });

/** Builds the C++ tests in a folder and runs those whose names hold `filter`. */
function expectToPass(context: TestContext, folder: string, ...filter: string[]): string {
  const { status, stdout, stderr } = node(folder, 'sanitize.mjs', ...filter);
  if (status === UNAVAILABLE) context.skip(stderr.trim());
  expect(`${stdout}${stderr}`).toMatch(/^[1-9]\d* passed, 0 failed$/m);
  expect(status).toBe(0);
  return `${stdout}${stderr}`;
}

// The first run compiles every kernel and operation; later ones only what changed.
it('the C++ tests pass under the address and undefined-behaviour sanitizers', context => {
  expectToPass(context, root);
}, 900_000);

describe('the page "add an instruction set", followed in a copy', () => {
  // With the objects of the test above: what an instruction set adds is little beside them.
  beforeAll(() => {
    for (const part of ['src', 'test', 'scripts', 'binding.gyp', 'build/sanitize'])
      if (existsSync(join(root, part)))
        cpSync(join(root, part), join(copy, part), { recursive: true, preserveTimestamps: true });
  });

  it('refuses what it cannot make', () => {
    const addIsa = (...args: string[]) => node(copy, 'add-isa.mjs', ...args);
    expect(addIsa('No Name', '--needs', 'kAvx2')).toMatchObject({ status: 2 });
    expect(addIsa('popcnt', '--needs', 'kAvx2').stderr).toContain('is there already');
    expect(addIsa('sse42', '--needs', 'system("x")').stderr).toContain('--needs');
  });

  it.skipIf(process.arch !== 'x64')(
    'makes a file and its lines, and the tests of every kernel pass with it',
    context => {
      const made = node(copy, 'add-isa.mjs', 'sse42', '--needs', 'kPopcnt', '--flags=-msse4.2 -mpopcnt');
      expect(made).toMatchObject({ status: 0, stderr: '' });
      expect(expectToPass(context, copy, 'BitGemm')).toContain('[sse42]');
    },
    900_000,
  );
});
