import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const src = join(root, 'src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(f => f.endsWith('.ts'));

/** Every module a source text names: import and export ... from, import(...), require(...), type references. */
function modulesOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/(?!\/).*$/gm, '');
  const named =
    /\b(?:from|import|require)\s*\(?\s*(['"`])([\w@./:-]+)\1|^\/\/\/\s*<reference\s+(?:types|path|lib)=(["'])(.*?)\3/gm;
  return Array.from(code.matchAll(named), m => m[2] ?? m[4]);
}

test('the scanner sees every way to name a module', () => {
  const text = [
    "import a from 'a';",
    'export * from "b";',
    "import 'c';",
    "const d = await import('d');",
    'const e = require(`e`);',
    'import {\n  f,\n} from "f";',
    '/// <reference types="g" />',
    '// import x from "x";',
    '/** from "y" */',
  ].join('\n');
  expect(modulesOf(text)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
});

test('core has no dependencies', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundleDependencies'])
    expect(Object.keys(manifest[kind] ?? {})).toEqual([]);
});

test('core imports nothing but its own files', () => {
  expect(files.length).toBeGreaterThan(20);
  let imports = 0;
  for (const file of files)
    for (const name of modulesOf(readFileSync(join(src, file), 'utf8'))) {
      imports++;
      expect(name, file).toMatch(/^\.\.?\/.*\.js$/);
      const target = join(src, dirname(file), name.replace(/\.js$/, '.ts'));
      expect(relative(src, target), file).not.toMatch(/^\.\./);
      expect(existsSync(target), `${file} imports ${name}`).toBe(true);
    }
  expect(imports).toBeGreaterThan(files.length);
});

test('core knows no platform: no process, Buffer, __dirname or file system', () => {
  for (const file of files) {
    const code = readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    expect(code, file).not.toMatch(
      /(?<![.\w'"])(?:process\.|Buffer\.|__dirname|__filename|Deno\b|window\.|document\.)/,
    );
  }
});
