import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const packages = join(import.meta.dirname, '../packages');

/** Who may import whom when installed; tests may import more. Kernels are the runtime's choice at run time. */
const allowed: Record<string, readonly string[]> = {
  core: [],
  'backend-tests': ['core'],
  'kernels-native': ['core'],
  'kernels-wasm': ['core'],
  runtime: ['core', 'kernels-native', 'kernels-wasm'],
  interop: ['core'],
  trainer: ['core', 'interop'],
  cli: ['core', 'runtime', 'trainer', 'interop', 'kernels-native', 'kernels-wasm'],
};

describe('package graph', () => {
  it('has exactly the packages of the design', () => {
    expect(readdirSync(packages).sort()).toEqual(Object.keys(allowed).sort());
  });

  for (const [name, may] of Object.entries(allowed)) {
    it(`${name} depends on nothing but [${may}]`, () => {
      const manifest = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));
      const installed = {
        ...manifest.dependencies,
        ...manifest.optionalDependencies,
        ...manifest.peerDependencies,
      };
      expect(may).toEqual(expect.arrayContaining(ours(Object.keys(installed))));
      expect(may).toEqual(expect.arrayContaining(ours(importsOf(join(packages, name, 'src')))));
    });
  }

  it('core depends on nothing and imports only its own files', () => {
    const manifest = JSON.parse(readFileSync(join(packages, 'core/package.json'), 'utf8'));
    for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies'])
      expect(manifest[kind]).toBeUndefined();
    expect(importsOf(join(packages, 'core/src')).filter(name => !name.startsWith('.'))).toEqual([]);
  });

  it('kernels are optional for the runtime and the command line', () => {
    const runtime = JSON.parse(readFileSync(join(packages, 'runtime/package.json'), 'utf8'));
    const cli = JSON.parse(readFileSync(join(packages, 'cli/package.json'), 'utf8'));
    for (const kernels of ['@apb/kernels-native', '@apb/kernels-wasm']) {
      expect(runtime.peerDependenciesMeta[kernels]).toEqual({ optional: true });
      expect(cli.optionalDependencies[kernels]).toBeDefined();
    }
  });

  it('the scanner sees every form of import', () => {
    const source =
      "import a from 'a'; export * from \"b\"; import 'c'; await import('d'); require('e'); import type { F } from 'f';";
    expect(specifiers(source)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });
});

function ours(names: readonly string[]): string[] {
  return names.filter(name => name.startsWith('@apb/')).map(name => name.split('/')[1]);
}

function importsOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => /\.[cm]?[jt]s$/.test(file))
    .flatMap(file => specifiers(readFileSync(join(folder, file), 'utf8')));
}

function specifiers(source: string): string[] {
  return [...source.matchAll(/(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*['"]([^'"$\n]+)['"]/g)].map(
    match => match[1],
  );
}
