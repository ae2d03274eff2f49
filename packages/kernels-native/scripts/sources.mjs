// What the addon is made of, and how the C++ tests are built from it. Sources and flags come from binding.gyp, so that
// tests compile what the addon ships.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { root } from './toolchain.mjs';

/** Exit code of test scripts where there is nothing to test with. */
export const UNAVAILABLE = 3;
/** Compilations at a time. */
const JOBS = Math.min(4, availableParallelism());

/** What gyp calls the platforms of Node. */
const OS = { win32: 'win', darwin: 'mac' };

/** binding.gyp is JSON with comment lines. */
function bindings() {
  const text = readFileSync(join(root, 'binding.gyp'), 'utf8');
  return JSON.parse(text.replace(/^\s*#.*$/gm, ''));
}

/** Comparisons of gyp variables with constants, joined by `and`. */
function holds(condition, variables) {
  return condition.split(' and ').every(comparison => {
    const [, name, operator, value] = /^(\w+)(==|!=)'([^']*)'$/.exec(comparison) ?? [];
    if (!Object.hasOwn(variables, name))
      throw new Error(`scripts/sources.mjs cannot evaluate the condition ${condition}`);
    return (variables[name] === value) === (operator === '==');
  });
}

/** Merges the branch of each condition into its object. */
function resolved(object, variables) {
  const { conditions = [], ...rest } = object;
  for (const [condition, yes, no = {}] of conditions)
    for (const [key, value] of Object.entries(holds(condition, variables) ? yes : no))
      rest[key] = Array.isArray(value) ? [...(rest[key] ?? []), ...value] : value;
  return rest;
}

/** Every source of the library and of its tests with its flags, for `arch` and `platform` as Node names them. */
function sourcesFor({ arch, platform }) {
  const variables = { target_arch: arch, OS: OS[platform] ?? platform };
  const { targets, target_defaults: defaults } = resolved(bindings(), variables);
  const libraries = targets
    .map(target => resolved(target, variables))
    .filter(target => target.type === 'static_library');
  const defines = [...new Set(libraries.flatMap(target => target.defines ?? []))].map(name => `-D${name}`);
  const flags = [...defaults.cflags_cc, ...defines];
  const library = libraries.flatMap(({ sources, cflags_cc = [] }) =>
    sources.map(source => ({ source, flags: [...flags, ...cflags_cc] })),
  );
  const tests = readdirSync(join(root, 'test'))
    .filter(file => file.endsWith('.cc'))
    .map(file => ({ source: `test/${file}`, flags }));
  return [...library, ...tests];
}

/** Runs a compiler. The process ends with 1 when it fails. */
async function compilerRun([command, ...args]) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', data => {
      output += data;
    });
  const [status] = await once(child, 'close');
  if (output) process.stderr.write(output);
  if (status !== 0) process.exit(1);
}

const modified = file => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const contents = file => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);

/** Whether an object was made by this command and is newer than all that the compiler's rule (-MMD) names. */
function isCurrent({ object, rule, made }, command) {
  if (contents(made) !== command) return false;
  const parts = contents(rule)?.replaceAll('\\\n', ' ').split(/\s+/).slice(1).filter(Boolean) ?? [];
  const times = parts.map(part => modified(resolve(root, part)));
  return times.length > 0 && times.every(time => time > 0 && time < modified(object));
}

/**
 * Builds the test program for a target; only what changed is compiled.
 * @param command the compiler and its arguments
 * @param target `arch` and `platform`, as Node names them
 * @param flags for compiling and linking, beside those of binding.gyp
 * @param out the folder for objects and program
 * @returns path of the program
 */
export async function buildTests({ command, target, flags, out }) {
  mkdirSync(out, { recursive: true });
  const sources = sourcesFor(target);
  const filesOf = source => {
    const base = join(out, source.replaceAll('/', '_').replace(/\.cc$/, ''));
    return { object: `${base}.o`, rule: `${base}.d`, made: `${base}.command` };
  };
  const compile = async ({ source, flags: own }) => {
    const files = filesOf(source);
    const call = [...command, ...own, ...flags, '-Isrc', '-I.', '-MMD', '-c', source];
    if (isCurrent(files, call.join(' '))) return;
    rmSync(files.made, { force: true });
    await compilerRun([...call, '-MT', 'object', '-MF', files.rule, '-o', files.object]);
    writeFileSync(files.made, call.join(' '));
  };
  const queue = sources.values();
  await Promise.all(
    Array.from({ length: JOBS }, async () => {
      for (const source of queue) await compile(source);
    }),
  );
  const program = join(out, 'tests');
  const objects = sources.map(({ source }) => filesOf(source).object);
  await compilerRun([...command, ...flags, ...objects, '-o', program]);
  return program;
}
