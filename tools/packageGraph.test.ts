import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const packages = join(import.meta.dirname, '../packages');

/**
 * Who depends on whom when installed, each package after those it depends on; tests may import more. Kernels are
 * the runtime's choice at run time.
 */
const graph: Record<string, readonly string[]> = {
  core: [],
  'backend-tests': ['core'],
  'kernels-native': ['core'],
  'kernels-wasm': ['core'],
  runtime: ['core', 'kernels-native', 'kernels-wasm'],
  interop: ['core'],
  trainer: ['core', 'interop'],
  cli: ['core', 'interop', 'runtime', 'trainer', 'kernels-native', 'kernels-wasm'],
};

describe('package graph', () => {
  it('has exactly the packages of the design', () => {
    expect(readdirSync(packages).sort()).toEqual(Object.keys(graph).sort());
  });

  for (const [name, needs] of Object.entries(graph)) {
    it(`${name} depends on [${needs}] and nothing else of ours`, () => {
      const manifest = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));
      const installed = {
        ...manifest.dependencies,
        ...manifest.optionalDependencies,
        ...manifest.peerDependencies,
      };
      expect(ours(Object.keys(installed)).sort()).toEqual([...needs].sort());
      expect(needs).toEqual(expect.arrayContaining(ours(importsOf(join(packages, name, 'src')))));
    });
  }

  it('has no cycles: every package stands after those it depends on', () => {
    const names = Object.keys(graph);
    for (const [name, needs] of Object.entries(graph))
      for (const need of needs) expect(names.indexOf(need)).toBeLessThan(names.indexOf(name));
  });

  it('the documentation covers every package', () => {
    const docs = JSON.parse(readFileSync(join(packages, '../apps/docs/package.json'), 'utf8'));
    expect(ours(Object.keys(docs.dependencies)).sort()).toEqual(Object.keys(graph).sort());
  });

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
