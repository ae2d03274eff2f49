// Builds the C++ tests and the library for arm64 with a cross compiler and runs them under qemu's user emulation: the
// NEON kernels on any Linux machine. Arguments go to the test program. Not part of the default test run.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildTests, UNAVAILABLE } from './sources.mjs';
import { root } from './toolchain.mjs';

const COMPILER = 'aarch64-linux-gnu-g++';
const EMULATORS = ['qemu-aarch64', 'qemu-aarch64-static'];
const PACKAGES = ['g++-aarch64-linux-gnu', 'qemu-user'];

const runs = command => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
const emulator = () => EMULATORS.find(runs);
const missing = () => [
  ...(runs(COMPILER) ? [] : [COMPILER]),
  ...(emulator() ? [] : [EMULATORS.join(' or ')]),
];

function unavailable(why) {
  console.error(`the arm64 tests cannot run here: ${why}`);
  process.exit(UNAVAILABLE);
}

/** Debian's names; the list of packages is only brought up to date when the first attempt fails. */
function install() {
  const apt = (...args) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  const packages = () => apt('install', '-y', '--no-install-recommends', ...PACKAGES);
  return packages() || (apt('update') && packages());
}

function provide() {
  const absent = missing();
  if (!absent.length) return;
  const command = `sudo apt-get install ${PACKAGES.join(' ')}`;
  const what = absent.join(' and ');
  if (!runs('apt-get')) unavailable(`there is no ${what}; Debian and Ubuntu have them: ${command}`);
  if (process.getuid() !== 0) unavailable(`there is no ${what}; install with: ${command}`);
  console.error(`there is no ${what}: installing ${PACKAGES.join(', ')} with apt-get`);
  if (!install() || missing().length) unavailable(`the installation failed, try: ${command}`);
}

if (process.platform !== 'linux')
  unavailable(`qemu's user emulation is for Linux, this is ${process.platform}`);
provide();
// Linked statically, so that no arm64 system libraries are needed.
const program = await buildTests({
  command: [COMPILER],
  target: { arch: 'arm64', platform: 'linux' },
  flags: ['-static', '-pthread'],
  out: join(root, 'build', 'arm64'),
});
const { status } = spawnSync(emulator(), [program, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
