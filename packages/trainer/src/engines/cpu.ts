import * as tf from '@tensorflow/tfjs-core';
import { withoutWarnings } from './quiet.js';

/** Starts the plain JavaScript engine: hundreds of times slower than wasm, a reference for tiny tests. */
export async function loadCpu(): Promise<string> {
  await import('@tensorflow/tfjs-backend-cpu');
  if (!(await tf.setBackend('cpu'))) throw new Error('the backend did not start');
  // Its first tensor advertises tfjs-node; which engine runs and why is ours to say.
  await withoutWarnings(() => tf.scalar(0).dispose());
  return 'plain JavaScript, for tiny tests only';
}
