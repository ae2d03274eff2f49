import { inferShapes, type Model, subgraph, validateModel, weightShapes } from '@apb/core';
import { createSession } from '@apb/runtime';
import { describe, expect, it } from 'vitest';
import { randomBatch } from '../src/commands/bench/model/batch.js';
import { buildNetwork, NETWORKS } from '../src/networks/index.js';
import { Random } from '../src/networks/random.js';
import { withoutQuantizers } from '../src/networks/withoutQuantizers.js';

type Width = Parameters<typeof buildNetwork>[1]['bits'];
const build = (name: string, bits: Width) => buildNetwork(name, { bits, share: 0.01, seed: 7 });
const names = (model: Model, op: string) => model.graph.nodes.filter(n => n.op === op).map(n => n.name);

/** Names of the layers by the encoding of their weights. */
function layers(model: Model, encoding: string): string[] {
  return model.graph.nodes.flatMap(node =>
    (node.op === 'conv2d' || node.op === 'dense') && model.weights[node.weights].encoding === encoding
      ? [node.name]
      : [],
  );
}

describe.each(NETWORKS)('%s', name => {
  it.each([1, 2, 4, 32] as const)('is a valid model at %i-bit activations', bits => {
    const model = validateModel(build(name, bits));
    const shapes = inferShapes(model.graph, weightShapes(model.weights));
    expect(shapes.get(model.graph.output)).toEqual([name === 'resnet18' ? 1000 : 10]);
    const compressed = layers(model, 'apb');
    expect(layers(model, 'float')).toEqual(expect.arrayContaining(['conv1', 'dense1']));
    for (const layer of compressed) {
      const { inputs } = model.graph.nodes.find(node => node.name === layer)!;
      expect(names(model, 'quantize').includes(inputs[0])).toBe(bits !== 32);
    }
    for (const weights of Object.values(model.weights))
      if (weights.encoding === 'apb') {
        const { signs, positions } = weights.weights;
        expect(positions.length).toBe(Math.round(0.01 * signs.rows * signs.k));
      }
  });
});

it('has the same weights for the same seed', () => {
  expect(build('resnet20', 2)).toEqual(build('resnet20', 2));
});

describe('what is compressed', () => {
  it('is every inner layer, for 1-bit activations without the shortcuts of ResNet-18', () => {
    expect(layers(build('resnet20', 2), 'apb')).toHaveLength(18);
    expect(layers(build('vgg-small', 1), 'apb')).toHaveLength(5);
    for (const bits of [2, 32] as const) {
      expect(layers(build('resnet18', bits), 'apb')).toHaveLength(19);
      expect(layers(build('resnet18', bits), 'float')).toEqual(['conv1', 'dense1']);
    }
    const binary = build('resnet18', 1);
    expect(layers(binary, 'apb')).toHaveLength(16);
    const shortcuts = layers(binary, 'float').filter(layer => layer.endsWith('shortcut'));
    expect(shortcuts).toHaveLength(3);
    const readers = binary.graph.nodes.filter(node => shortcuts.includes(node.name));
    for (const { inputs } of readers) expect(names(binary, 'prelu')).toContain(inputs[0]);
  });

  it('has no ReLU before a sign', () => {
    for (const name of NETWORKS) expect(names(build(name, 1), 'relu')).toEqual([]);
  });
});

describe('values', () => {
  it.each([1, 2, 32] as const)('are finite at %i bits', async bits => {
    const model = build('resnet20', bits);
    const { data } = await runOn(model);
    const deviation = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);
    expect(deviation).toBeGreaterThan(0.1);
    expect(deviation).toBeLessThan(10);
  });

  it('spread over all codes of every quantizer', async () => {
    const model = build('resnet20', 2);
    for (const name of [names(model, 'quantize')[0], names(model, 'quantize').at(-1)!]) {
      const { data } = await runOn(subgraph(model, 'input', name));
      const shares = [...new Set(data)].map(value => data.filter(x => x === value).length / data.length);
      expect(shares).toHaveLength(4);
      expect(Math.max(...shares)).toBeLessThan(0.9);
    }
  });

  async function runOn(model: Model) {
    const session = await createSession(model);
    try {
      return await session.run(randomBatch(model.graph.inputShape, 1, 1));
    } finally {
      session.dispose();
    }
  }
});

describe('withoutQuantizers', () => {
  it('leaves the layers and joins what the quantizers stood between', () => {
    const bare = withoutQuantizers(build('resnet20', 2));
    expect(validateModel(bare).graph.nodes).toEqual(
      build('resnet20', 32).graph.nodes.map(node => expect.objectContaining({ name: node.name })),
    );
    expect(names(bare, 'quantize')).toEqual([]);
  });
});

describe('Random', () => {
  it('draws ascending subsets of every size', () => {
    const random = new Random(3);
    for (const [count, size] of [
      [0, 5],
      [5, 5],
      [37, 1000],
    ]) {
      const subset = [...random.subset(count, size)];
      expect(subset).toHaveLength(count);
      expect(subset).toEqual([...new Set(subset)].sort((a, b) => a - b));
      for (const index of subset) expect(index).toBeLessThan(size);
    }
  });
});
