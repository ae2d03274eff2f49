import * as tf from '@tensorflow/tfjs-core';

/** Starts the plain JavaScript engine: hundreds of times slower than wasm, a reference for tiny tests. */
export async function loadCpu(): Promise<string> {
  await import('@tensorflow/tfjs-backend-cpu');
  if (!(await tf.setBackend('cpu'))) throw new Error('the backend did not start');
  return 'plain JavaScript, for tiny tests only';
}
