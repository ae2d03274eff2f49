import { createReferenceBackend, denseValues, type Model, type Node, subgraph, tensor } from '@apb/core';
import { createSession } from '@apb/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, model as layersModel } from '@tensorflow/tfjs-layers';

/** Half a unit in the last place of 1 in float32. */
const u = 2 ** -24;

/** A compressed or float product and the batch norm behind it, with the quantizer in front if there is one. */
export interface Section {
  readonly product: Extract<Node, { op: 'conv2d' | 'dense' }>;
  readonly norm: Extract<Node, { op: 'batchNorm' }>;
  /** Value that is injected: what the quantizer or, without one, the product takes. */
  readonly from: string;
  /** The layer whose output is injected: the trainer's own quantized values, or its float input. */
  readonly tap: string;
}

/** Every product that a batch norm follows. */
export function sections({ graph }: Model): Section[] {
  const byName = new Map(graph.nodes.map(node => [node.name, node]));
  return graph.nodes.flatMap(norm => {
    if (norm.op !== 'batchNorm') return [];
    const product = byName.get(norm.inputs[0]);
    if (product?.op !== 'conv2d' && product?.op !== 'dense') return [];
    const source = byName.get(product.inputs[0]);
    const quantized = source?.op === 'quantize';
    return [
      { product, norm, from: quantized ? source.inputs[0] : product.inputs[0], tap: product.inputs[0] },
    ];
  });
}

/** The trainer's values at some layers ('input' is the picture itself), inference mode. */
export function trainerValues(
  model: LayersModel,
  x: tf.Tensor,
  names: readonly string[],
): Map<string, tf.Tensor> {
  const inner = names.filter(name => name !== 'input');
  const taps = layersModel({
    inputs: model.inputs,
    outputs: inner.map(name => model.getLayer(name).output as tf.SymbolicTensor),
  } as Parameters<typeof layersModel>[0]);
  const values = taps.predict(x);
  const list = Array.isArray(values) ? values : [values];
  return new Map<string, tf.Tensor>([['input', x], ...inner.map((name, i) => [name, list[i]] as const)]);
}

/** Runs part of a model on the reference backend, the specification. */
export async function runReference(
  model: Model,
  from: string,
  to: string,
  x: tf.Tensor,
): Promise<Float32Array> {
  const candidates = [{ name: 'reference', load: async () => createReferenceBackend }];
  const session = await createSession(subgraph(model, from, to), { candidates, env: {} });
  try {
    const y = await session.run(tensor(x.shape, x.dataSync() as Float32Array));
    return y.data;
  } finally {
    session.dispose();
  }
}

/**
 * How far two float32 evaluations of `norm(product(x))` may lie apart, per output.
 *
 * A k-term float32 sum in any order is off by at most k*u*M, M = sum |w*x| (Higham, Accuracy and Stability,
 * section 3.1; second-order terms are covered by the 16 below). The split of W_hat into alpha*S + R sums 2 terms
 * a weight, so M takes |W_hat| + 2*alpha there, and rounds R, alpha*step and the dequantized input, a few u each.
 * Both sides err, hence 2*(k + 16)*u*M before the batch norm. Its scale is off by at most 4u relatively
 * (an addition, a root, a division, a rounding), its shift by 4u*(|mean*scale| + |beta|), and applying it rounds
 * twice: 8u*(|scale|*(M + |mean|) + |beta|) covers both sides.
 */
export function bound(model: Model, section: Section, x: tf.Tensor): Float32Array {
  const { product, norm } = section;
  const weights = model.weights[product.weights];
  const spread = weights.encoding === 'apb' ? 2 * Math.max(...weights.weights.scales) : 0;
  const magnitudes = denseValues(weights).map(w => Math.abs(w) + spread);
  const k = magnitudes.length / weights.shape[0];
  const [gamma, beta, mean, variance] = [norm.gamma, norm.beta, norm.mean, norm.variance].map(name =>
    denseValues(model.weights[name]),
  );
  const scale = gamma.map((g, c) => Math.abs(g) / Math.sqrt(variance[c] + norm.epsilon));
  return tf.tidy(() => {
    const m = magnitudeProduct(product, tf.abs(x), tf.tensor(magnitudes, [...weights.shape]));
    const constants = scale.map((s, c) => 8 * u * (s * Math.abs(mean[c]) + Math.abs(beta[c])));
    const perProduct = scale.map(s => s * u * (2 * (k + 16) + 8));
    // The bound itself is computed in float32; one part in a thousand more than covers that.
    return tf
      .mul(tf.add(tf.mul(m, tf.tensor1d(perProduct)), tf.tensor1d(constants)), 1.001)
      .dataSync() as Float32Array;
  });
}

function magnitudeProduct(product: Section['product'], x: tf.Tensor, w: tf.Tensor): tf.Tensor {
  if (product.op === 'dense') return tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D, false, true);
  const [top, left, bottom, right] = product.pads;
  const padded = tf.pad(x as tf.Tensor4D, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
  const [strides, dilations] = [product.strides, product.dilations].map(pair => [...pair]) as [
    [number, number],
    [number, number],
  ];
  if (product.groups > 1) {
    // Depthwise, [channels * multiplier, kh, kw, 1] here and [kh, kw, channels, multiplier] there.
    const [out, kh, kw] = w.shape;
    const kernel = tf.reshape(tf.transpose(w, [1, 2, 0, 3]), [kh, kw, product.groups, out / product.groups]);
    return tf.depthwiseConv2d(
      padded as tf.Tensor4D,
      kernel as tf.Tensor4D,
      strides,
      'valid',
      'NHWC',
      dilations,
    );
  }
  const kernel = tf.transpose(w, [1, 2, 3, 0]) as tf.Tensor4D;
  return tf.conv2d(padded as tf.Tensor4D, kernel, strides, 'valid', 'NHWC', dilations);
}

/**
 * How far the nearest value with another code lies from x: 0 on a threshold. Thresholds are 0 for signs and the
 * midpoints between neighbouring levels for codes.
 */
export function distanceToThreshold(x: number, q: Extract<Node, { op: 'quantize' }>['quantizer']): number {
  if (q.kind === 'sign') return Math.abs(x);
  const t = (x - q.lo) * q.inv;
  const levels = 2 ** q.bits - 1;
  const nearest = Math.min(Math.max(Math.floor(t), 0), levels - 1) + 0.5;
  return Math.abs(t - nearest) / q.inv;
}

/** Index of the largest of each picture's scores. */
export function classesOf(scores: Float32Array, pictures: number): number[] {
  const classes = scores.length / pictures;
  return Array.from({ length: pictures }, (_, i) => {
    const own = scores.subarray(i * classes, (i + 1) * classes);
    return own.indexOf(Math.max(...own));
  });
}

export interface Comparison {
  /** Pictures that get another class. */
  readonly flips: number;
  /** The largest distance of two scores, as a share of the largest of `theirs`. */
  readonly apart: number;
  /** Pictures whose scores differ by float32 rounding only. */
  readonly close: number;
}

export function compareScores(ours: Float32Array, theirs: Float32Array, pictures: number): Comparison {
  const [a, b] = [classesOf(ours, pictures), classesOf(theirs, pictures)];
  const largest = theirs.reduce((m, y) => Math.max(m, Math.abs(y)), 0);
  const distances = ours.map((y, i) => Math.abs(y - theirs[i]) / largest);
  const size = ours.length / pictures;
  const worst = a.map((_, i) => Math.max(...distances.subarray(i * size, (i + 1) * size)));
  return {
    flips: a.filter((c, i) => c !== b[i]).length,
    apart: Math.max(...worst),
    close: worst.filter(d => d <= 1e-5).length,
  };
}
