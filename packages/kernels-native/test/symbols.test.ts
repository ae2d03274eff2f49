import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../src/load.js';

/** nm's letters for symbols that a linker may take from any library: weak and vague-linkage ones. */
const SHARED = new Set(['W', 'V', 'w', 'v', 'u']);

/**
 * An inline function compiled with wider flags could stand in for the one that all processors run, and crash those
 * that lack the instructions. So the wider libraries may define nothing but their kernels.
 */
it('libraries of wider instruction sets define nothing but kernels', context => {
  const folder = join(packageRoot, 'build', 'Release');
  const wide = existsSync(folder) ? readdirSync(folder).filter(file => /^apb_x86_.*\.a$/.test(file)) : [];
  if (!wide.length) context.skip('no x86 libraries were built here');
  for (const file of wide) {
    const { status, stdout, error } = spawnSync('nm', ['-C', '--defined-only', join(folder, file)], {
      encoding: 'utf8',
    });
    if (error) context.skip('nm is not installed');
    expect(status).toBe(0);
    const symbols = [...stdout.matchAll(/^[0-9a-f]+ (\w) (.+)$/gm)].map(([, letter, name]) => ({
      letter,
      name,
    }));
    const isa = file.slice('apb_x86_'.length, -'.a'.length);
    const kernels = symbols.filter(({ letter }) => letter === 'T');
    expect(kernels.length, `kernels in ${file}`).toBeGreaterThan(0);
    for (const { name } of kernels) expect(name.toLowerCase()).toMatch(new RegExp(`^apb::\\w+x86${isa}\\(`));
    expect(symbols.filter(({ letter }) => SHARED.has(letter))).toEqual([]);
  }
});
