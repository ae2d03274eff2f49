import {
  denseValues,
  dequantizeValue,
  encodingOf,
  INPUT,
  type Model,
  type Node,
  quantizeValue,
  type Shape,
  sizeOf,
  type Tensor,
} from '@apb/core';

/** Exact values of one picture in float64 and how far float32 arithmetic may be from each. */
export interface Bounded {
  readonly shape: Shape;
  readonly values: Float64Array;
  readonly errors: Float64Array;
}

/** Unit roundoff of float32. */
const u = 2 ** -24;

/**
 * Evaluates a network in float64, straight from the definition of each node, with a running error bound: each
 * float32 operation adds at most u of its result, and an operation passes its inputs' errors on times its
 * largest derivative. Bounds are first order; doubling them covers the u^2 terms many times over.
 * Quantizers are allowed on exact values only: behind an error, a code near a threshold may differ.
 */
export function evaluate(model: Model, picture: Tensor): Bounded {
  const input: Bounded = {
    shape: model.graph.inputShape,
    values: Float64Array.from(picture.data),
    errors: new Float64Array(picture.data.length),
  };
  const values = new Map<string, Bounded>([[INPUT, input]]);
  for (const node of model.graph.nodes) {
    const inputs = node.inputs.map(name => values.get(name) as Bounded);
    values.set(
      node.name,
      evaluateNode(node, inputs, name => Float64Array.from(denseValues(model.weights[name])), model),
    );
  }
  return values.get(model.graph.output) as Bounded;
}

function evaluateNode(
  node: Node,
  [x, other]: readonly Bounded[],
  vector: (name: string) => Float64Array,
  model: Model,
): Bounded {
  const channels = x.shape[x.shape.length - 1];
  switch (node.op) {
    case 'conv2d': {
      const bias = node.bias === undefined ? undefined : vector(node.bias);
      return convolve(node, x, vector(node.weights), model.weights[node.weights].shape, bias);
    }
    case 'dense': {
      const w = vector(node.weights);
      const bias = node.bias === undefined ? undefined : vector(node.bias);
      const outputs = model.weights[node.weights].shape[0];
      return build([outputs], n =>
        sum(
          x.values.keys(),
          i => w[n * x.values.length + i],
          i => i,
          x,
          bias?.[n] ?? 0,
        ),
      );
    }
    case 'batchNorm': {
      const [gamma, beta, mean, variance] = [node.gamma, node.beta, node.mean, node.variance].map(vector);
      return map(x, (v, e, c) => {
        const scale = gamma[c] / Math.sqrt(variance[c] + node.epsilon);
        const shift = beta[c] - mean[c] * scale;
        // Scale and shift are rounded once, so are their product and sum; what an absorbed bias adds is in e.
        return [
          v * scale + shift,
          Math.abs(scale) * e +
            u * (3 * Math.abs(v * scale) + 4 * (Math.abs(beta[c]) + Math.abs(mean[c] * scale))),
        ];
      });
    }
    case 'quantize':
      return map(x, (v, e) => {
        if (e !== 0) throw new Error('the oracle quantizes exact values only');
        return [dequantizeValue(quantizeValue(v, node.quantizer), encodingOf(node.quantizer)), 0];
      });
    case 'relu':
      return map(x, (v, e) => [Math.max(v, 0), e]);
    case 'clamp':
      return map(x, (v, e) => [Math.min(Math.max(v, node.min), node.max), e]);
    case 'prelu': {
      const slopes = vector(node.slopes);
      // On the other side of zero by an error: off by at most e * max(1, |slope|).
      return map(x, (v, e, c) => [
        v < 0 ? slopes[c] * v : v,
        e * Math.max(1, Math.abs(slopes[c])) + u * Math.abs(slopes[c] * v),
      ]);
    }
    case 'add':
      return map(x, (v, e, _, i) => [
        v + other.values[i],
        e + other.errors[i] + u * Math.abs(v + other.values[i]),
      ]);
    case 'maxPool':
      return pooled(node, x, at => [
        Math.max(...at.map(i => x.values[i])),
        Math.max(...at.map(i => x.errors[i])),
      ]);
    case 'avgPool':
      return pooled(node, x, at =>
        mean(x, at, node.countPadding ? node.window[0] * node.window[1] : at.length),
      );
    case 'globalAvgPool': {
      const pixels = x.shape[0] * x.shape[1];
      return build([channels], c =>
        mean(
          x,
          Array.from({ length: pixels }, (_, p) => p * channels + c),
          pixels,
        ),
      );
    }
    case 'subsample': {
      const [h, w] = [Math.ceil(x.shape[0] / node.strides[0]), Math.ceil(x.shape[1] / node.strides[1])];
      return build([h, w, channels], i => {
        const [y, col, c] = [Math.floor(i / (w * channels)), Math.floor(i / channels) % w, i % channels];
        const at = (y * node.strides[0] * x.shape[1] + col * node.strides[1]) * channels + c;
        return [x.values[at], x.errors[at]];
      });
    }
    case 'padChannels': {
      const wide = node.before + channels + node.after;
      return build([...x.shape.slice(0, -1), wide], i => {
        const c = (i % wide) - node.before;
        const at = Math.floor(i / wide) * channels + c;
        return c >= 0 && c < channels ? [x.values[at], x.errors[at]] : [0, 0];
      });
    }
    case 'flatten':
      return { ...x, shape: [x.values.length] };
    case 'softmax': {
      const top = Math.max(...x.values);
      const total = x.values.reduce((a, v) => a + Math.exp(v - top), 0);
      const worst = Math.max(...x.errors);
      // dp_i = p_i * (dx_i - sum p_j dx_j), at most 2 * p_i * worst; expm1 covers the whole step. Float32
      // exponentials add a few ulp and the sum one a class.
      return map(x, v => {
        const p = Math.exp(v - top) / total;
        return [p, p * (Math.expm1(2 * worst) + (x.values.length + 16) * u)];
      });
    }
  }
}

/**
 * sum of w*x plus a bias, in any order of float32 operations: (k + 3) * u * sum |w*x| and the inputs' errors; the
 * bias may be rounded in a scale, a product and two sums.
 */
function sum(
  terms: Iterable<number>,
  weight: (term: number) => number,
  at: (term: number) => number,
  x: Bounded,
  bias: number,
): [number, number] {
  let value = 0;
  let magnitude = 0;
  let error = 0;
  let count = 0;
  for (const term of terms) {
    const w = weight(term);
    value += w * x.values[at(term)];
    magnitude += Math.abs(w * x.values[at(term)]);
    error += Math.abs(w) * x.errors[at(term)];
    count++;
  }
  return [value + bias, error + u * ((count + 3) * magnitude + 4 * Math.abs(bias))];
}

function convolve(
  node: Node & { op: 'conv2d' },
  x: Bounded,
  w: Float64Array,
  [out, kh, kw, perGroup]: Shape,
  bias?: Float64Array,
): Bounded {
  const [h, width, channels] = x.shape;
  const { strides, dilations, pads, groups } = node;
  const outH = Math.floor((h + pads[0] + pads[2] - dilations[0] * (kh - 1) - 1) / strides[0]) + 1;
  const outW = Math.floor((width + pads[1] + pads[3] - dilations[1] * (kw - 1) - 1) / strides[1]) + 1;
  return build([outH, outW, out], i => {
    const [y, col, n] = [Math.floor(i / (outW * out)), Math.floor(i / out) % outW, i % out];
    const group = Math.floor(n / (out / groups));
    const taps: [weight: number, at: number][] = [];
    for (let ky = 0; ky < kh; ky++)
      for (let kx = 0; kx < kw; kx++) {
        const [iy, ix] = [
          y * strides[0] - pads[0] + ky * dilations[0],
          col * strides[1] - pads[1] + kx * dilations[1],
        ];
        if (iy < 0 || iy >= h || ix < 0 || ix >= width) continue;
        for (let c = 0; c < perGroup; c++)
          taps.push([
            ((n * kh + ky) * kw + kx) * perGroup + c,
            (iy * width + ix) * channels + group * perGroup + c,
          ]);
      }
    return sum(
      taps.keys(),
      t => w[taps[t][0]],
      t => taps[t][1],
      x,
      bias?.[n] ?? 0,
    );
  });
}

function pooled(
  node: Node & { op: 'maxPool' | 'avgPool' },
  x: Bounded,
  reduce: (indices: number[]) => [number, number],
): Bounded {
  const [h, w, channels] = x.shape;
  const { window, strides, pads } = node;
  const outH = Math.floor((h + pads[0] + pads[2] - window[0]) / strides[0]) + 1;
  const outW = Math.floor((w + pads[1] + pads[3] - window[1]) / strides[1]) + 1;
  return build([outH, outW, channels], i => {
    const [y, col, c] = [Math.floor(i / (outW * channels)), Math.floor(i / channels) % outW, i % channels];
    const at: number[] = [];
    for (let ky = 0; ky < window[0]; ky++)
      for (let kx = 0; kx < window[1]; kx++) {
        const [iy, ix] = [y * strides[0] - pads[0] + ky, col * strides[1] - pads[1] + kx];
        if (iy >= 0 && iy < h && ix >= 0 && ix < w) at.push((iy * w + ix) * channels + c);
      }
    return reduce(at);
  });
}

function mean(x: Bounded, at: readonly number[], count: number): [number, number] {
  const total = at.reduce((a, i) => a + x.values[i], 0);
  const magnitude = at.reduce((a, i) => a + Math.abs(x.values[i]), 0);
  const error = at.reduce((a, i) => a + x.errors[i], 0);
  return [total / count, error / count + (u * (at.length + 3) * magnitude) / count];
}

function map(x: Bounded, f: (v: number, e: number, channel: number, i: number) => [number, number]): Bounded {
  const channels = x.shape[x.shape.length - 1];
  return build(x.shape, i => f(x.values[i], x.errors[i], i % channels, i));
}

function build(shape: Shape, f: (i: number) => [number, number]): Bounded {
  const size = sizeOf(shape);
  const values = new Float64Array(size);
  const errors = new Float64Array(size);
  for (let i = 0; i < size; i++) [values[i], errors[i]] = f(i);
  return { shape, values, errors };
}
