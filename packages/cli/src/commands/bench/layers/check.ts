import {
  createReferenceBackend,
  type DeviceBuffer,
  encodingOf,
  type KernelBackend,
  recompose,
  type Tensor,
} from '@apb/core';
import type { DeployedLayer } from './deployed.js';
import { type Layer, nameOf } from './layer.js';
import type { Operands } from './operands.js';

/**
 * Runs a layer once in each mode and compares with the reference backend: every bit, but for 1/32, whose sums may
 * round differently.
 * @throws Error naming the layer and the first output that is wrong
 */
export async function checkLayer(
  backend: KernelBackend,
  layer: Layer,
  deployed: DeployedLayer,
  operands: Operands,
): Promise<void> {
  const reference = createReferenceBackend();
  await reference.init();
  try {
    const expected = referenceOutput(reference, layer, operands.inputs[0]);
    deployed.float(0);
    compareFloats(layer, reference.download(expected).data, backend.download(operands.y[0]).data);
    if (layer.quantizer && deployed.chain) {
      deployed.chain(0);
      const packed = pack(reference, layer.quantizer, expected);
      const given = backend.exportPlanes(operands.packed(layer.quantizer).y[0]).words;
      const wanted = reference.exportPlanes(packed).words;
      const wrong = wanted.findIndex((word, i) => word !== given[i]);
      if (wrong >= 0)
        throw new Error(
          `the layer ${nameOf(layer)} is wrong: word ${wrong} of its planes is ${given[wrong]}, not ${wanted[wrong]}`,
        );
    }
  } finally {
    reference.dispose();
  }
}

function referenceOutput(reference: KernelBackend, layer: Layer, input: Tensor): DeviceBuffer {
  const { activationBits, epilogue, layout, quantizer } = layer;
  const weights = reference.prepareWeights(
    { kind: 'apb', ...layer.weights },
    { activationBits, geometry: layout.geometry },
  );
  const floats = reference.upload(input);
  const x = quantizer ? pack(reference, quantizer, floats) : floats;
  const y = reference.alloc({ kind: 'float', shape: layout.output });
  reference.run({ op: 'conv2d', epilogue }, [x], y, weights);
  return y;
}

function pack(
  backend: KernelBackend,
  quantizer: NonNullable<Layer['quantizer']>,
  x: DeviceBuffer,
): DeviceBuffer {
  const out = backend.alloc({ kind: 'planes', shape: x.spec.shape, encoding: encodingOf(quantizer) });
  backend.run({ op: 'quantize', quantizer }, [x], out);
  return out;
}

function compareFloats(layer: Layer, wanted: Float32Array, given: Float32Array): void {
  const tolerance = layer.quantizer ? () => 0 : floatTolerance(layer);
  for (let i = 0; i < wanted.length; i++)
    // The negation also catches NaN.
    if (!(Math.abs(given[i] - wanted[i]) <= tolerance(i % layer.shape.m)))
      throw new Error(`the layer ${nameOf(layer)} is wrong: output ${i} is ${given[i]}, not ${wanted[i]}`);
}

/** k roundings of partial sums of at most sum |w x| with |x| at most 2, then scaled; a few more for the epilogue. */
function floatTolerance({ shape: { m, k }, weights, epilogue }: Layer): (channel: number) => number {
  const dense = recompose(weights);
  const bounds = Float64Array.from({ length: m }, (_, row) => {
    const sum = dense.subarray(row * k, (row + 1) * k).reduce((total, w) => total + Math.abs(w), 0);
    return (k + 4) * 2 ** -24 * (2 * sum * epilogue.scale[row] + 1);
  });
  return channel => bounds[channel];
}
