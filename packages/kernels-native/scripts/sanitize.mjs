// Builds the C++ tests and the library with the address and undefined-behaviour sanitizers, and runs them. Sources and
// flags come from binding.gyp, so that tests compile what the addon ships.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { compiler, root } from './toolchain.mjs';

const SANITIZE = [
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
  '-fno-omit-frame-pointer',
  '-g',
  '-O1',
];
const out = join(root, 'build', 'sanitize');

/** binding.gyp is JSON with comment lines. */
function bindings() {
  const text = readFileSync(join(root, 'binding.gyp'), 'utf8');
  return JSON.parse(text.replace(/^\s*#.*$/gm, ''));
}

/** Merges the branch of each condition into its object; only target_arch=='x64' is known. */
function resolved(object) {
  const { conditions = [], ...rest } = object;
  for (const [test, yes, no = {}] of conditions) {
    if (test !== "target_arch=='x64'") throw new Error(`sanitize.mjs cannot evaluate the condition ${test}`);
    for (const [key, value] of Object.entries(process.arch === 'x64' ? yes : no))
      rest[key] = Array.isArray(value) ? [...(rest[key] ?? []), ...value] : value;
  }
  return rest;
}

const { targets, target_defaults: defaults } = resolved(bindings());
const libraries = targets.map(resolved).filter(target => target.type === 'static_library');
const defines = [...new Set(libraries.flatMap(target => target.defines ?? []))].map(name => `-D${name}`);
const flags = [...defaults.cflags_cc, ...defines];

const librarySources = libraries.flatMap(({ sources, cflags_cc = [] }) =>
  sources.map(source => ({ source, flags: [...flags, ...cflags_cc] })),
);
const testSources = readdirSync(join(root, 'test'))
  .filter(file => file.endsWith('.cc'))
  .map(file => ({ source: `test/${file}`, flags }));

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const command = compiler();
if (!command)
  throw new Error('the sanitizer tests need a C++ compiler (g++ or clang++), set CXX to name one');
const [cxx, ...cxxArgs] = command.split(' ');

const modified = file => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const headers = readdirSync(join(root, 'src'), { recursive: true })
  .filter(file => /\.(h|inc)$/.test(file))
  .map(file => join(root, 'src', file));
const newestHeader = Math.max(
  ...[...headers, join(root, 'binding.gyp'), join(root, 'test', 'check.h')].map(modified),
);

/** Compiles one source unless its object is newer than everything it can depend on. */
function compile({ source, flags }) {
  const object = join(out, source.replaceAll('/', '_').replace(/\.cc$/, '.o'));
  if (modified(object) <= Math.max(modified(join(root, source)), newestHeader))
    run(cxx, [...cxxArgs, ...flags, ...SANITIZE, '-Isrc', '-I.', '-c', source, '-o', object]);
  return object;
}

mkdirSync(out, { recursive: true });
const objects = [...librarySources, ...testSources].map(compile);
const program = join(out, 'tests');
run(cxx, [...cxxArgs, ...SANITIZE, ...objects, '-o', program]);
run(program, process.argv.slice(2));
