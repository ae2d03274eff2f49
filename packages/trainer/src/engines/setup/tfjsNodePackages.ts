import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { coreKey } from '../tensorflow.js';
import { tfjsNodeIn } from '../tfjsNode.js';
import { protobufPackage, tfjsNodePackage } from './pins.js';
import { type SetupContext, unpack } from './source.js';

/**
 * Puts the JavaScript half of the engine into `folder`: tfjs-node, the package its backend needs, and in place of
 * @tensorflow/tfjs a bridge to the tfjs-core of the process that loads it, so that there is only one. No install
 * script runs.
 */
export async function installTfjsNode(
  folder: string,
  context: Pick<SetupContext, 'onProgress'>,
): Promise<void> {
  const { root } = tfjsNodeIn(folder);
  await mkdir(root, { recursive: true });
  const keep = ['package.json', 'dist/', 'binding/'];
  await unpack(tfjsNodePackage, root, context, path => keep.some(part => path.startsWith(part)));
  const protobuf = join(folder, 'node_modules', 'google-protobuf');
  await mkdir(protobuf, { recursive: true });
  await unpack(protobufPackage, protobuf, context);
  for (const name of ['tfjs', 'tfjs-core'])
    await writeBridge(join(folder, 'node_modules', '@tensorflow', name), name);
}

async function writeBridge(folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'package.json'),
    `${JSON.stringify({ name: `@tensorflow/${name}`, version: '4.22.0', main: 'index.js' }, undefined, 2)}\n`,
  );
  await writeFile(join(folder, 'index.js'), `module.exports = globalThis[Symbol.for('${coreKey}')];\n`);
}
