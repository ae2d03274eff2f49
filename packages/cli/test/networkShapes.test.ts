import { denseValues, type Model } from '@apb/core';
import { buildModel, compressedLayers, selectEngine } from '@apb/trainer';
import { beforeAll, expect, it } from 'vitest';
import { buildNetwork, NETWORKS } from '../src/networks/index.js';

beforeAll(async () => void (await selectEngine('wasm')));

/** Shapes [out, kh, kw, in] of the convolutions and dense layers, those with compressed weights apart. */
function shapesOf(model: Model): { compressed: string[]; float: string[] } {
  const found = { compressed: [] as string[], float: [] as string[] };
  for (const node of model.graph.nodes) {
    if (node.op !== 'conv2d' && node.op !== 'dense') continue;
    const weights = model.weights[node.weights];
    found[weights.encoding === 'float' ? 'float' : 'compressed'].push(weights.shape.join('x'));
    expect(denseValues(weights).length).toBe(weights.shape.reduce((a, b) => a * b, 1));
  }
  return { compressed: found.compressed.sort(), float: found.float.sort() };
}

/** `apb bench model` measures what `apb train` trains. */
it.each(NETWORKS.flatMap(name => ([32, 2, 1] as const).map(bits => [name, bits] as const)))(
  'the random %s with %i-bit activations has the layers of the trainer',
  (name, bits) => {
    const model = buildModel(name, { weights: 'apb', activations: bits, seed: 1 });
    const compressed = new Set(compressedLayers(model).map(layer => layer.name));
    const own = { compressed: [] as string[], float: [] as string[] };
    for (const layer of model.layers) {
      const kernel = layer.weights.find(w => w.originalName.endsWith('kernel'));
      if (!kernel) continue;
      // tf.layers keeps the output channels last.
      const shape = [kernel.shape[kernel.shape.length - 1], ...kernel.shape.slice(0, -1)];
      own[compressed.has(layer.name) ? 'compressed' : 'float'].push(shape.join('x'));
    }
    model.dispose();
    expect({ compressed: own.compressed.sort(), float: own.float.sort() }).toEqual(
      shapesOf(buildNetwork(name, { bits, share: 0.01, seed: 1 })),
    );
  },
);
