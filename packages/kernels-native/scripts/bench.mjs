// Builds bench/kernels.cc against the libraries of the addon, which `pnpm build` made, and runs it: kernels without Node.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compiler, root } from './toolchain.mjs';

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(1);
}

const release = join(root, 'build', 'Release');
const libraries = (existsSync(release) ? readdirSync(release) : []).filter(file => /^apb_.*\.a$/.test(file));
if (!libraries.length) fail('the libraries are not built; run pnpm build');
const command = compiler();
if (!command) fail('there is no C++ compiler (g++ or clang++)');

const out = join(root, 'build', 'bench');
mkdirSync(out, { recursive: true });
const program = join(out, 'kernels');
const [cxx, ...cxxArgs] = command.split(' ');
const files = libraries.map(file => join(release, file));
// Libraries refer to each other; naming them twice does what --start-group does on linkers that have it.
const sources = ['-Isrc', 'bench/kernels.cc', ...files, ...files];
const { status } = spawnSync(
  cxx,
  [...cxxArgs, '-std=c++17', '-O2', '-Wall', '-Wextra', '-pthread', ...sources, '-o', program],
  { cwd: root, stdio: ['ignore', 2, 2] },
);
if (status !== 0) fail('the program could not be compiled, see the errors above');
process.exitCode = spawnSync(program, process.argv.slice(2), { stdio: 'inherit' }).status ?? 1;
