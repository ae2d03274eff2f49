import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the package. */
export const root = fileURLToPath(new URL('..', import.meta.url));

const runs = (command, args = ['--version']) =>
  spawnSync(command, args, { stdio: 'ignore', shell: process.platform === 'win32' }).status === 0;

/** Commands with arguments, such as CXX="ccache g++", are checked by their first word. */
const first = candidates => candidates.find(command => command && runs(command.split(' ')[0]));

/** The C++ compiler's command, or undefined. */
export const compiler = () => first([process.env.CXX, 'c++', 'g++', 'clang++']);

/** What node-gyp needs and this machine lacks; on Windows node-gyp looks for Visual Studio itself. */
export function missingTools() {
  if (process.platform === 'win32') return [];
  const python = [process.env.PYTHON, process.env.npm_config_python, 'python3', 'python'];
  return [
    ...(compiler() ? [] : ['a C++ compiler (g++ or clang++)']),
    ...(first([process.env.MAKE, 'make', 'gmake']) ? [] : ['make']),
    ...(first(python) ? [] : ['Python 3']),
  ];
}

/** Headers that came with this Node save a download. */
export function nodedirOption() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const local = existsSync(join(prefix, 'include', 'node', 'node_api.h'));
  return local && !process.env.npm_config_nodedir ? [`--nodedir=${prefix}`] : [];
}

/** Compiles the addon into build/Release. @returns whether that worked */
export function buildAddon() {
  const args = ['configure', 'build', '--jobs=max', '--loglevel=warn', ...nodedirOption()];
  const script = nodeGyp();
  const options = { cwd: root, stdio: 'inherit' };
  const result = script
    ? spawnSync(process.execPath, [script, ...args], options)
    : spawnSync('node-gyp', args, { ...options, shell: process.platform === 'win32' });
  return result.status === 0;
}

/** The workspace's node-gyp, else the package manager's; undefined leaves it to the PATH. */
function nodeGyp() {
  try {
    return createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  } catch {
    return process.env.npm_config_node_gyp;
  }
}
