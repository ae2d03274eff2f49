import * as tf from '@tensorflow/tfjs-core';

/** Runs something with tfjs's console warnings off. */
export async function withoutWarnings<T>(run: () => T | Promise<T>): Promise<T> {
  const production = tf.env().getBool('PROD');
  tf.env().set('PROD', true);
  try {
    return await run();
  } finally {
    tf.env().set('PROD', production);
  }
}
