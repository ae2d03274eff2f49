// Builds the C++ tests and the library with the address and undefined-behaviour sanitizers, and runs them. Sources and
// flags come from binding.gyp, so that tests compile what the addon ships.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { compiler, root } from './toolchain.mjs';

const SANITIZE = [
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
  '-fno-omit-frame-pointer',
  '-g',
  '-O1',
  '-pthread',
];
const out = join(root, 'build', 'sanitize');

/** binding.gyp is JSON with comment lines. */
function bindings() {
  const text = readFileSync(join(root, 'binding.gyp'), 'utf8');
  return JSON.parse(text.replace(/^\s*#.*$/gm, ''));
}

const CONDITIONS = {
  "target_arch=='x64'": process.arch === 'x64',
  "OS=='linux'": process.platform === 'linux',
};

/** Merges the branch of each condition into its object. */
function resolved(object) {
  const { conditions = [], ...rest } = object;
  for (const [test, yes, no = {}] of conditions) {
    if (!(test in CONDITIONS)) throw new Error(`sanitize.mjs cannot evaluate the condition ${test}`);
    for (const [key, value] of Object.entries(CONDITIONS[test] ? yes : no))
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

/** Exit code where there is nothing to test with. */
const UNAVAILABLE = 3;
/** Compilations at a time. */
const JOBS = Math.min(4, availableParallelism());

function unavailable(why) {
  console.error(`the sanitizer tests cannot run here: ${why}`);
  process.exit(UNAVAILABLE);
}

const command = compiler();
if (!command) unavailable('there is no C++ compiler (g++ or clang++)');
const [cxx, ...cxxArgs] = command.split(' ');

/** Runs the compiler. @returns its output when it fails */
async function compilerRun(args) {
  const child = spawn(cxx, [...cxxArgs, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', data => {
      output += data;
    });
  const [status] = await once(child, 'close');
  if (output) process.stderr.write(output);
  if (status !== 0) process.exit(1);
}

/** Whether programs can be linked with the sanitizers' run-time library, which is a package of its own in places. */
function hasSanitizers() {
  const args = [...cxxArgs, ...SANITIZE, '-x', 'c++', '-', '-o', join(out, 'probe')];
  return spawnSync(cxx, args, { input: 'int main() {}' }).status === 0;
}

const modified = file => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const headers = readdirSync(join(root, 'src'), { recursive: true })
  .filter(file => /\.(h|inc)$/.test(file))
  .map(file => join(root, 'src', file));
const newestHeader = Math.max(
  ...[...headers, join(root, 'binding.gyp'), join(root, 'test', 'check.h')].map(modified),
);

/** Compiles one source unless its object is newer than everything it can depend on. */
async function compile({ source, flags }) {
  const object = objectOf(source);
  if (modified(object) <= Math.max(modified(join(root, source)), newestHeader))
    await compilerRun([...flags, ...SANITIZE, '-Isrc', '-I.', '-c', source, '-o', object]);
}

function objectOf(source) {
  return join(out, source.replaceAll('/', '_').replace(/\.cc$/, '.o'));
}

mkdirSync(out, { recursive: true });
if (!hasSanitizers()) unavailable(`${command} cannot link ${SANITIZE[0]}`);
const sources = [...librarySources, ...testSources];
const queue = sources.values();
await Promise.all(
  Array.from({ length: JOBS }, async () => {
    for (const source of queue) await compile(source);
  }),
);
const program = join(out, 'tests');
await compilerRun([...SANITIZE, ...sources.map(({ source }) => objectOf(source)), '-o', program]);
process.exitCode = spawnSync(program, process.argv.slice(2), { cwd: root, stdio: 'inherit' }).status ?? 1;
