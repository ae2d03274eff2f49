import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const apb = join(import.meta.dirname, '../bin/apb.js');
const interop = join(import.meta.dirname, '../../interop');

/** A folder where onnxruntime-node can be found, or undefined where it is not installed. */
export const peerFolder = [join(import.meta.dirname, '..'), interop].find(folder => {
  try {
    return createRequire(join(folder, 'package.json')).resolve('onnxruntime-node');
  } catch {
    return undefined;
  }
});

/** Runs the command line in a folder; a backend set in the environment does not count. */
export function runApb(folder: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [apb, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, APB_BACKEND: '', APB_ISA: '', NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}
