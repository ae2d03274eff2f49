import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe } from 'vitest';
import { probeEngines, selectEngine } from '../../src/index.js';

/** Runs a suite once per engine this machine has; one that is absent is skipped under its reason. */
export async function onEachEngine(suite: (engine: string) => void): Promise<void> {
  for (const { name, usable, reason } of await probeEngines()) {
    if (usable) {
      describe(`on ${name}`, () => {
        beforeAll(async () => {
          await selectEngine(name);
          // Loading TensorFlow reads most of a gigabyte, from a cold disk at worst.
        }, 120_000);
        suite(name);
      });
    } else {
      describe(`on ${name}`, () => {
        beforeEach(context => context.skip(`the ${name} engine: ${reason}`));
        suite(name);
      });
    }
  }
}

/** The engine's number of live tensors, to see that nothing leaks. */
export function liveTensors(): number {
  return tf.memory().numTensors;
}
