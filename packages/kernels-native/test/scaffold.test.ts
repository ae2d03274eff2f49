import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'apb-isa-'));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const node = (script: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(copy, 'scripts', script), ...args], { encoding: 'utf8' });

/** Exit code of sanitize.mjs where the compiler or its sanitizers are missing. */
const UNAVAILABLE = 3;

describe('the page "add an instruction set", followed in a copy', () => {
  for (const part of ['src', 'test', 'scripts', 'binding.gyp'])
    cpSync(join(root, part), join(copy, part), { recursive: true });

  it('refuses what it cannot make', () => {
    expect(node('add-isa.mjs', 'No Name', '--needs', 'kAvx2')).toMatchObject({ status: 2 });
    expect(node('add-isa.mjs', 'popcnt', '--needs', 'kAvx2').stderr).toContain('is there already');
    expect(node('add-isa.mjs', 'sse42', '--needs', 'system("x")').stderr).toContain('--needs');
  });

  it.skipIf(process.arch !== 'x64')(
    'makes a file and its lines, and the tests of every kernel pass with it',
    context => {
      const made = node('add-isa.mjs', 'sse42', '--needs', 'kPopcnt', '--flags=-msse4.2 -mpopcnt');
      expect(made).toMatchObject({ status: 0, stderr: '' });
      const { status, stdout, stderr } = node('sanitize.mjs', 'BitGemm');
      if (status === UNAVAILABLE) context.skip(stderr.trim());
      expect(`${stdout}${stderr}`).toContain('[sse42]');
      expect(`${stdout}${stderr}`).toMatch(/^[1-9]\d* passed, 0 failed$/m);
      expect(status).toBe(0);
    },
    900_000,
  );
});
