import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { withoutWarnings } from './quiet.js';
import { fewerLogs, findTfjsNodes, type TfjsNode, tfjsNode, whyUnloadable } from './tfjsNode.js';

/** Symbol key on globalThis under which the cached tfjs-node finds this process's tfjs-core. */
export const coreKey = 'apb.tfjs-core';

/** Once it is in the process there is no other to choose. */
let loaded: TfjsNode | undefined;

/**
 * Starts TensorFlow's own CPU kernels.
 * @returns which tfjs-node runs
 * @throws Error when none loads, saying why for each and what to do
 */
export async function loadTensorflow(): Promise<string> {
  const node = (loaded ??= await firstThatLoads());
  Object.assign(process.env, fewerLogs);
  if (node.origin === 'installed') await requireInstalled(node);
  else requireCached(node);
  if (!(await tf.setBackend('tensorflow'))) throw new Error('the backend did not start');
  return describe(node);
}

/**
 * @returns which tfjs-node would run
 * @throws as loadTensorflow
 */
export async function probeTensorflow(): Promise<string> {
  return describe(await firstThatLoads());
}

async function firstThatLoads(): Promise<TfjsNode> {
  const failures: string[] = [];
  for (const node of findTfjsNodes()) {
    const failure = await whyUnloadable(node);
    if (failure === undefined) return node;
    failures.push(`${describe(node)} does not load: ${failure}`);
  }
  if (failures.length === 0) failures.push('it is not set up');
  throw new Error(`${failures.join('; ')} (\`apb setup tensorflow\` obtains it)`);
}

function describe(node: TfjsNode): string {
  return node.origin === 'cache'
    ? 'TensorFlow from `apb setup tensorflow`'
    : 'TensorFlow of the installed tfjs-node';
}

/**
 * tfjs-core keeps its engine and its registries in a global, so a tfjs-node with a copy of tfjs-core of its own
 * serves this process's tensors as well. Such a copy registers its kernels again, with a warning for each.
 */
function requireInstalled(node: TfjsNode): Promise<void> {
  return withoutWarnings(() => createRequire(import.meta.url)(node.root));
}

/** The cached package holds what a backend needs, and asks this process for tfjs-core. */
function requireCached(node: TfjsNode): void {
  if (tf.findBackendFactory('tensorflow')) return;
  const core = createRequire(import.meta.url)('@tensorflow/tfjs-core');
  (globalThis as Record<symbol, unknown>)[Symbol.for(coreKey)] = core;
  const require = createRequire(join(node.root, 'package.json'));
  const addon = require(node.entry);
  const { NodeJSKernelBackend } = require('./dist/nodejs_kernel_backend.js');
  require('./dist/register_all_kernels.js');
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(addon, tfjsNode), 3);
}
