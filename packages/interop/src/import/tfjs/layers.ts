import { InputError, type Pads, type Pair, type Shape, samePads, sizeOf } from '@apb/core';
import { type GraphBuilder, ones, transposed, type Value, type Window } from '../graphBuilder.js';
import type { Weight } from './manifest.js';

/** One use of a layer. */
export interface Use {
  readonly name: string;
  /** How messages call it. */
  readonly what: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly Value[];
  /** The layer's array of that name, such as `kernel`. @throws InputError when it is missing */
  readonly weight: (name: string) => Weight;
  readonly builder: GraphBuilder;
}

/** Layers that can be imported, by class. */
export const layers: Readonly<Record<string, (use: Use) => Value>> = {
  Conv2D(use) {
    const [kh, kw, c, out] = kernelShape(use, 'kernel');
    const { values } = use.weight('kernel');
    const weights = { shape: [out, kh, kw, c], values: transposed(values, [kh, kw, c, out], [3, 0, 1, 2]) };
    const groups = integer(use, 'groups', 1);
    const x = only(use);
    return activated(
      use,
      use.builder.conv(
        use.name,
        x,
        { ...weights, ...bias(use) },
        { ...windowOf(use, x, [kh, kw], pair(use, 'strides', [1, 1]), dilations(use)), groups },
      ),
    );
  },

  DepthwiseConv2D(use) {
    return activated(use, depthwise(use, use.name, 'depthwise_kernel', bias(use)));
  },

  SeparableConv2D(use) {
    const spread = depthwise(use, `${use.name}/depthwise`, 'depthwise_kernel', {});
    const [kh, kw, c, out] = kernelShape(use, 'pointwise_kernel');
    if (kh !== 1 || kw !== 1)
      throw new InputError(`${use.what}: its pointwise kernel is ${kh}x${kw}, not 1x1`);
    const values = transposed(use.weight('pointwise_kernel').values, [c, out], [1, 0]);
    const weights = { shape: [out, 1, 1, c], values, ...bias(use) };
    return activated(use, use.builder.conv(`${use.name}/pointwise`, spread, weights, POINTWISE));
  },

  Dense(use) {
    const x = only(use);
    const { shape, values } = use.weight('kernel');
    if (shape.length !== 2)
      throw new InputError(`${use.what}: its kernel is [${shape}], not [inputs, units]`);
    const [inputs, units] = shape;
    const rows = transposed(values, [inputs, units], [1, 0]);
    // Keras applies it to the last axis: to every pixel of a picture.
    const y =
      x.shape.length === 3
        ? use.builder.conv(
            use.name,
            x,
            { shape: [units, 1, 1, inputs], values: rows, ...bias(use) },
            POINTWISE,
          )
        : use.builder.dense(use.name, x, { shape: [units, inputs], values: rows, ...bias(use) });
    return activated(use, y);
  },

  BatchNormalization(use) {
    const x = only(use);
    const { axis = -1, epsilon = 1e-3 } = use.config;
    const last = x.shape.length;
    const [only1] = [axis].flat() as unknown[];
    if (only1 !== -1 && only1 !== last)
      throw new InputError(`${use.what}: its axis is ${JSON.stringify(axis)}; only the last can be imported`);
    if (typeof epsilon !== 'number') throw new InputError(`${use.what}: its epsilon is no number`);
    const channels = x.shape[last - 1];
    const parts = {
      gamma: use.config.scale === false ? ones(channels) : vector(use, 'gamma'),
      beta: use.config.center === false ? new Float32Array(channels) : vector(use, 'beta'),
      mean: vector(use, 'moving_mean'),
      variance: vector(use, 'moving_variance'),
    };
    return use.builder.norm(use.name, x, parts, epsilon);
  },

  ReLU(use) {
    const { max_value: max, negative_slope: slope = 0, threshold = 0 } = use.config;
    if (threshold !== 0 && threshold !== null)
      throw new InputError(`${use.what}: its threshold is ${String(threshold)}; only 0 can be imported`);
    if (slope !== 0 && slope !== null) {
      if (max !== undefined && max !== null)
        throw new InputError(`${use.what}: a negative_slope and a max_value at once cannot be imported`);
      return leaky(use, Number(slope));
    }
    if (max === undefined || max === null) return use.builder.relu(use.name, only(use));
    if (typeof max !== 'number') throw new InputError(`${use.what}: its max_value is no number`);
    return use.builder.clamp(use.name, only(use), 0, max);
  },

  LeakyReLU(use) {
    return leaky(use, Number(use.config.negative_slope ?? use.config.alpha ?? 0.3));
  },

  PReLU(use) {
    const x = only(use);
    const { shape, values } = use.weight('alpha');
    const channels = x.shape[x.shape.length - 1];
    if (values.length !== channels || shape[shape.length - 1] !== channels)
      throw new InputError(
        `${use.what}: its alpha is [${shape}]; only one for each channel can be imported (shared_axes [1, 2])`,
      );
    return use.builder.prelu(use.name, x, values.slice());
  },

  Activation(use) {
    return applied(use, use.name, only(use), use.config.activation);
  },

  Softmax(use) {
    const x = only(use);
    const { axis = -1 } = use.config;
    if (axis !== -1 && axis !== x.shape.length)
      throw new InputError(`${use.what}: its axis is ${JSON.stringify(axis)}; only the last can be imported`);
    return use.builder.softmax(use.name, x);
  },

  Add(use) {
    if (use.inputs.length < 2) throw new InputError(`${use.what}: it has ${use.inputs.length} inputs`);
    return use.inputs.reduce((sum, x, i) =>
      use.builder.add(i === use.inputs.length - 1 ? use.name : `${use.name}/${i}`, sum, x),
    );
  },

  MaxPooling2D(use) {
    const { x, window, ...rest } = pool(use);
    return use.builder.maxPool(use.name, x, window, rest);
  },

  AveragePooling2D(use) {
    const { x, window, ...rest } = pool(use);
    return use.builder.avgPool(use.name, x, window, rest, false);
  },

  GlobalAveragePooling2D(use) {
    channelsLast(use);
    const y = use.builder.globalAvgPool(use.name, only(use));
    return use.config.keepdims ? y : use.builder.flatten(use.name, y);
  },

  Flatten(use) {
    channelsLast(use);
    return use.builder.flatten(use.name, only(use));
  },

  Reshape(use) {
    const x = only(use);
    const target = use.config.target_shape;
    const dims = Array.isArray(target) ? target : [];
    const size = sizeOf(x.shape);
    if (dims.length === 1 && (dims[0] === -1 || dims[0] === size)) return use.builder.flatten(use.name, x);
    if (dims.join() === x.shape.join()) return x;
    const [h, w, c] = dims;
    if (dims.length === 3 && h === 1 && w === 1 && (c === -1 || c === size) && x.shape.length === 1)
      return { name: x.name, shape: [1, 1, size], pixel: true };
    throw new InputError(
      `${use.what}: it makes [${dims}] of [${x.shape}]; only flattening and single pixels can be imported`,
    );
  },

  ZeroPadding2D(use) {
    channelsLast(use);
    const padding = use.config.padding ?? 1;
    const sides = (Array.isArray(padding) ? padding : [padding, padding]).map(p =>
      Array.isArray(p) ? p : [p, p],
    );
    const [[top, bottom] = [], [left, right] = []] = sides as number[][];
    return use.builder.pad(use.what, only(use), [top, left, bottom, right]);
  },

  Rescaling(use) {
    const x = only(use);
    const channels = x.shape[x.shape.length - 1];
    const of = (value: unknown) => new Float32Array(channels).fill(Number(value));
    return use.builder.affine(use.name, x, of(use.config.scale ?? 1), of(use.config.offset ?? 0));
  },

  Dropout: only,
  SpatialDropout2D: only,
  AlphaDropout: only,
  GaussianDropout: only,
  GaussianNoise: only,
  ActivityRegularization: only,
};

const POINTWISE = {
  strides: [1, 1],
  pads: [0, 0, 0, 0],
  dilations: [1, 1],
  groups: 1,
} as const;

function only({ inputs, what }: Use): Value {
  if (inputs.length !== 1) throw new InputError(`${what}: it has ${inputs.length} inputs, not one`);
  return inputs[0];
}

/** Kernels are [kh, kw, c, multiplier]; output channel c * multiplier + m. */
function depthwise(use: Use, name: string, kernel: string, biased: { bias?: Float32Array }): Value {
  const x = only(use);
  const [kh, kw, c, multiplier] = kernelShape(use, kernel);
  const values = transposed(use.weight(kernel).values, [kh, kw, c * multiplier], [2, 0, 1]);
  const window = windowOf(use, x, [kh, kw], pair(use, 'strides', [1, 1]), dilations(use));
  const weights = { shape: [c * multiplier, kh, kw, 1], values, ...biased };
  return use.builder.conv(name, x, weights, { ...window, groups: c });
}

function kernelShape({ weight, what }: Use, name: string): readonly number[] {
  const { shape } = weight(name);
  if (shape.length !== 4) throw new InputError(`${what}: its ${name} is [${shape}], not of 4 axes`);
  return shape;
}

function bias(use: Use): { bias?: Float32Array } {
  return use.config.use_bias === false ? {} : { bias: vector(use, 'bias') };
}

function vector(use: Use, name: string): Float32Array {
  return use.weight(name).values.slice();
}

function leaky(use: Use, slope: number): Value {
  const x = only(use);
  return use.builder.prelu(use.name, x, new Float32Array(x.shape[x.shape.length - 1]).fill(slope));
}

function activated(use: Use, y: Value): Value {
  const { activation } = use.config;
  return activation === undefined || activation === null
    ? y
    : applied(use, `${use.name}/activation`, y, activation);
}

/** An activation by its name, or as Keras writes an object for it. */
function applied({ what, builder }: Use, name: string, x: Value, activation: unknown): Value {
  const named = activation as { class_name?: unknown; config?: unknown } | null;
  const kind =
    typeof activation === 'string'
      ? activation
      : typeof named?.config === 'string'
        ? named.config
        : named?.class_name;
  switch (kind) {
    case 'linear':
      return x;
    case 'relu':
      return builder.relu(name, x);
    case 'relu6':
      return builder.clamp(name, x, 0, 6);
    case 'softmax':
      return builder.softmax(name, x);
    default:
      throw new InputError(
        `${what}: its activation ${JSON.stringify(kind ?? activation)?.slice(0, 60)} cannot be imported; linear, relu, relu6 and softmax can`,
      );
  }
}

function pool(use: Use): { x: Value; window: Pair } & Window {
  const x = only(use);
  const window = pair(use, 'pool_size', [2, 2]);
  const strides = use.config.strides === null ? window : pair(use, 'strides', window);
  return { x, window, ...windowOf(use, x, window, strides, [1, 1]) };
}

function windowOf(use: Use, x: Value, window: Pair, strides: Pair, dilation: Pair) {
  channelsLast(use);
  const shape = paddedShape(x);
  const { padding = 'valid' } = use.config;
  return { strides, dilations: dilation, pads: padsOf(use, padding, shape, window, strides, dilation) };
}

function padsOf(
  { what }: Use,
  padding: unknown,
  shape: Shape,
  window: Pair,
  strides: Pair,
  dilation: Pair,
): Pads {
  if (padding === 'valid') return [0, 0, 0, 0];
  if (padding !== 'same')
    throw new InputError(`${what}: its padding ${JSON.stringify(padding)} cannot be imported`);
  const [[top, bottom], [left, right]] = [0, 1].map(axis =>
    samePads(shape[axis], window[axis], strides[axis], dilation[axis]),
  );
  return [top, left, bottom, right];
}

function paddedShape({ shape, pads = [0, 0, 0, 0] }: Value): Shape {
  return [shape[0] + pads[0] + pads[2], shape[1] + pads[1] + pads[3], shape[2]];
}

function dilations(use: Use): Pair {
  return pair(use, 'dilation_rate', [1, 1]);
}

function channelsLast({ config, what }: Use): void {
  if (config.data_format === 'channels_first')
    throw new InputError(`${what}: only data_format channels_last can be imported`);
}

function pair({ config, what }: Use, field: string, absent: Pair): Pair {
  const value = config[field] ?? absent;
  const both = Array.isArray(value) ? value : [value, value];
  if (both.length !== 2 || both.some(v => !Number.isInteger(v) || v < 1))
    throw new InputError(`${what}: its ${field} ${JSON.stringify(value)} must be integers of at least 1`);
  return both as unknown as Pair;
}

function integer({ config, what }: Use, field: string, absent: number): number {
  const value = config[field] ?? absent;
  if (!Number.isInteger(value) || (value as number) < 1)
    throw new InputError(`${what}: its ${field} ${JSON.stringify(value)} must be an integer of at least 1`);
  return value as number;
}
