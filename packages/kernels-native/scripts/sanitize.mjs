// Builds the C++ tests and the library with the address and undefined-behaviour sanitizers, and runs them.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildTests, UNAVAILABLE } from './sources.mjs';
import { compiler, root } from './toolchain.mjs';

const SANITIZE = [
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
  '-fno-omit-frame-pointer',
  '-g1',
  '-O1',
  '-pthread',
];
const out = join(root, 'build', 'sanitize');

function unavailable(why) {
  console.error(`the sanitizer tests cannot run here: ${why}`);
  process.exit(UNAVAILABLE);
}

/** Whether programs can be linked with the sanitizers' run-time library, which is a package of its own in places. */
function hasSanitizers([cxx, ...args]) {
  mkdirSync(out, { recursive: true });
  const probe = [...args, ...SANITIZE, '-x', 'c++', '-', '-o', join(out, 'probe')];
  return spawnSync(cxx, probe, { input: 'int main() {}' }).status === 0;
}

const command = compiler()?.split(' ');
if (!command) unavailable('there is no C++ compiler (g++ or clang++)');
if (!hasSanitizers(command)) unavailable(`${command.join(' ')} cannot link ${SANITIZE[0]}`);
const program = await buildTests({ command, target: process, flags: SANITIZE, out });
process.exitCode = spawnSync(program, process.argv.slice(2), { cwd: root, stdio: 'inherit' }).status ?? 1;
