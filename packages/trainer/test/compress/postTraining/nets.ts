import { INPUT, type Model, type Node, type Tensor, tensor, type WeightData } from '@apb/core';
import { createSession } from '@apb/runtime';

/** mulberry32: seeded numbers in [0, 1). */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Roughly normal: the sum of twelve, less their mean. */
export function normal(count: number, seed: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: count }, () =>
    Array.from({ length: 12 }, next).reduce((a, b) => a + b, -6),
  );
}

/** Pictures whose neighbouring pixels and channels are alike, as those of the world are. */
export function smoothPictures(count: number, [h, w, c]: readonly number[], seed: number): Tensor {
  const waves = normal(count * 8, seed);
  const data = new Float32Array(count * h * w * c);
  for (let n = 0, i = 0; n < count; n++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        for (let k = 0; k < c; k++, i++) {
          const v = waves.subarray(8 * n, 8 * n + 8);
          data[i] =
            v[0] * Math.sin(v[1] * y + v[2] * x + k) +
            v[3] * Math.cos(v[4] * x - v[5] * y) +
            0.3 * v[6] * v[7];
        }
  return tensor([count, h, w, c], data);
}

/** Builds networks of layers one behind the other; `add` takes an earlier value. */
export class Net {
  last = INPUT;
  readonly nodes: Node[] = [];
  readonly weights: Record<string, WeightData> = {};

  constructor(
    readonly inputShape: readonly number[],
    private seed: number,
  ) {}

  conv(name: string, shape: readonly number[], more: Partial<Extract<Node, { op: 'conv2d' }>> = {}): this {
    this.vector(`${name}/w`, shape, 1 / Math.sqrt(shape[1] * shape[2] * shape[3]));
    if (more.bias) this.vector(more.bias, [shape[0]], 0.3);
    return this.put({
      op: 'conv2d',
      name,
      inputs: [this.last],
      weights: `${name}/w`,
      strides: [1, 1],
      dilations: [1, 1],
      pads: [1, 1, 1, 1],
      groups: 1,
      ...more,
    });
  }

  dense(name: string, shape: readonly number[], bias = false): this {
    this.vector(`${name}/w`, shape, 1 / Math.sqrt(shape[1]));
    if (bias) this.vector(`${name}/b`, [shape[0]], 0.3);
    const biased = bias ? { bias: `${name}/b` } : {};
    return this.put({ op: 'dense', name, inputs: [this.last], weights: `${name}/w`, ...biased });
  }

  norm(name: string, channels: number): this {
    const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map(part => {
      this.vector(`${name}/${part}`, [channels], 0.3);
      return `${name}/${part}`;
    });
    for (const part of [gamma, variance]) {
      const { values } = this.weights[part] as { values: Float32Array };
      values.forEach((v, i) => {
        values[i] = 0.6 + Math.abs(v);
      });
    }
    return this.put({
      op: 'batchNorm',
      name,
      inputs: [this.last],
      gamma,
      beta,
      mean,
      variance,
      epsilon: Math.fround(1e-3),
    });
  }

  put(node: Node): this {
    this.nodes.push(node);
    this.last = node.name;
    return this;
  }

  op(op: 'relu' | 'flatten' | 'globalAvgPool' | 'softmax', name: string): this {
    return this.put({ op, name, inputs: [this.last] });
  }

  add(name: string, other: string): this {
    return this.put({ op: 'add', name, inputs: [this.last, other] });
  }

  model(): Model {
    const channels = this.inputShape[this.inputShape.length - 1];
    return {
      graph: { inputShape: this.inputShape, nodes: this.nodes, output: this.last },
      weights: this.weights,
      input: {
        shape: this.inputShape,
        mean: new Array(channels).fill(0),
        std: new Array(channels).fill(1),
        resize: { rule: 'exact' },
      },
      classes: [],
      provenance: {},
    };
  }

  private vector(name: string, shape: readonly number[], spread: number): void {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = normal(size, this.seed++).map(v => v * spread);
    this.weights[name] = { encoding: 'float', shape: [...shape], values };
  }
}

/** Two residual blocks between a first convolution and a classifier. */
export function residualNet(seed: number): Net {
  const net = new Net([9, 8, 3], seed).conv('first', [8, 3, 3, 3]).norm('norm0', 8).op('relu', 'relu0');
  for (const block of [1, 2]) {
    const start = net.last;
    net.conv(`conv${block}a`, [8, 3, 3, 8]).norm(`norm${block}a`, 8).op('relu', `relu${block}a`);
    net.conv(`conv${block}b`, [8, 3, 3, 8]).norm(`norm${block}b`, 8).add(`add${block}`, start);
    net.op('relu', `relu${block}`);
  }
  return net.op('globalAvgPool', 'pool').dense('scores', [5, 8], true);
}

/** On the reference kernels. */
export async function runReference(model: Model, x: Tensor): Promise<Tensor> {
  const session = await createSession(model, { backend: 'reference' });
  try {
    return await session.run(x);
  } finally {
    session.dispose();
  }
}
