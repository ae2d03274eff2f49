import type { Tensor } from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import { type CallArgs, type LayerInputs, onlyTensor } from '../layers/support.js';

/** Runs `body` while every call of the given layers goes through `around`, which calls on with `call`. */
export function aroundCalls<L extends layers.Layer>(
  targets: readonly L[],
  around: (layer: L, input: Tensor, call: (kwargs: CallArgs) => Tensor) => Tensor,
  body: () => void,
): void {
  for (const layer of targets) {
    const original = layer.call;
    layer.call = (inputs: LayerInputs, kwargs: CallArgs) =>
      around(layer, onlyTensor(inputs), own => original.call(layer, inputs, { ...kwargs, ...own }) as Tensor);
  }
  try {
    body();
  } finally {
    // The wrappers are own properties that hid the classes' methods.
    for (const layer of targets) delete (layer as { call?: unknown }).call;
  }
}
