import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const apb = join(import.meta.dirname, '../bin/apb.js');
const require = createRequire(import.meta.url);

/** Whether onnxruntime-node is installed, which has no binary for some machines. */
export const hasOnnxruntime = isInstalled();

function isInstalled(): boolean {
  try {
    return require.resolve('onnxruntime-node') !== '';
  } catch {
    return false;
  }
}

/** Runs the command line in a folder; a backend set in the environment does not count. */
export function runApb(folder: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [apb, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, APB_BACKEND: '', APB_ISA: '', NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}
