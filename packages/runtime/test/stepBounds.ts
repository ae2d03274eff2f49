import {
  type Activation,
  type BufferSpec,
  type DeviceBuffer,
  type Epilogue,
  type KernelBackend,
  type KernelWeights,
  type Plan,
  type Planes,
  type PlanStep,
  quantizeValue,
  recompose,
  scaleOf,
  type Tensor,
  tensor,
  unpack,
} from '@apb/core';

/** A step carried out by the reference: the inputs it was given and what may come out of it. */
interface KnownStep {
  readonly step: PlanStep;
  readonly inputs: readonly Content[];
  readonly output: Content;
  /** Least and largest value or code at each place; absent where the contract fixes every bit. */
  readonly range?: { readonly low: Float64Array; readonly high: Float64Array };
}

type Content =
  | { readonly kind: 'float'; readonly values: Tensor }
  | { readonly kind: 'planes'; readonly spec: BufferSpec & { kind: 'planes' }; readonly planes: Planes };

/** Unit roundoff of float32. */
const u = 2 ** -24;

/** Runs a plan on the reference and derives what any backend may make of each step's inputs. */
export function knownSteps(plan: Plan, batch: Tensor, reference: KernelBackend): KnownStep[] {
  const contents = new Map<number, Content>([[plan.input, { kind: 'float', values: batch }]]);
  return plan.steps.map(step => {
    const inputs = step.inputs.map(index => contents.get(index) as Content);
    const output = runStep(plan, step, inputs, reference);
    contents.set(step.output, output);
    return { step, inputs, output, range: rangeOf(plan, step, inputs, output, reference) };
  });
}

/** The same step on the same inputs elsewhere. @throws when a result is outside what is allowed */
export function checkStep(
  plan: Plan,
  { step, inputs, output, range }: KnownStep,
  backend: KernelBackend,
): void {
  const got = runStep(plan, step, inputs, backend);
  const what = `step ${step.nodes.join('+') || step.op.op} (${step.op.op}) on ${backend.capabilities.isa}`;
  if (!range) {
    sameBits(rawBits(got), rawBits(output), what);
    return;
  }
  numbers(got).forEach((v, i) => {
    if (!(v >= range.low[i] && v <= range.high[i]))
      throw new Error(`${what}: index ${i} is ${v}, allowed is ${range.low[i]} .. ${range.high[i]}`);
  });
}

/** As integers, so that -0 is not +0. @throws naming the first place that differs */
export function sameBits(got: Uint32Array, expected: Uint32Array, what: string): void {
  const at = expected.findIndex((word, i) => got[i] !== word);
  if (got.length === expected.length && at < 0) return;
  const hex = (words: Uint32Array) => `0x${words[at]?.toString(16)}`;
  throw new Error(
    at < 0
      ? `${what}: ${got.length} words, expected ${expected.length}`
      : `${what}: word ${at} is ${hex(got)}, expected ${hex(expected)}`,
  );
}

export function bitsOf({ data }: Tensor): Uint32Array {
  return new Uint32Array(data.buffer, data.byteOffset, data.length);
}

function runStep(plan: Plan, step: PlanStep, inputs: readonly Content[], backend: KernelBackend): Content {
  const spec = plan.buffers[step.output];
  const entry = step.weights === undefined ? undefined : plan.weights[step.weights];
  const weights = entry && backend.prepareWeights(entry.weights, entry.use);
  const buffers = inputs.map(content => put(content, backend));
  const out = backend.alloc({ ...spec, shape: [batchOf(inputs[0]), ...spec.shape] });
  try {
    backend.run(step.op, buffers, out, weights);
    return take(out, backend);
  } finally {
    for (const held of [...buffers, out]) held.dispose();
    weights?.dispose();
  }
}

function put(content: Content, backend: KernelBackend): DeviceBuffer {
  return content.kind === 'float'
    ? backend.upload(content.values)
    : backend.importPlanes(content.planes, content.spec.encoding, content.spec.shape);
}

function take(buffer: DeviceBuffer, backend: KernelBackend): Content {
  return buffer.spec.kind === 'float'
    ? { kind: 'float', values: backend.download(buffer) }
    : { kind: 'planes', spec: buffer.spec, planes: backend.exportPlanes(buffer) };
}

function batchOf(content: Content): number {
  return (content.kind === 'float' ? content.values.shape : content.spec.shape)[0];
}

function rawBits(content: Content): Uint32Array {
  return content.kind === 'float' ? bitsOf(content.values) : content.planes.words;
}

/** Floats as they are, or codes; 1 for a negative sign. */
function numbers(content: Content): Float64Array {
  if (content.kind === 'float') return Float64Array.from(content.values.data);
  const sign = content.planes.kind === 'sign';
  return Float64Array.from(unpack(content.planes), code => (sign ? Number(code < 0) : code));
}

function rangeOf(
  plan: Plan,
  step: PlanStep,
  inputs: readonly Content[],
  output: Content,
  reference: KernelBackend,
): KnownStep['range'] {
  if (step.op.op === 'softmax' && output.kind === 'float') return softmaxRange(inputs[0], output.values);
  if (!('epilogue' in step.op) || step.weights === undefined) return undefined;
  if (plan.weights[step.weights].use.activationBits !== 32) return undefined;
  return productRange(plan, step, step.op.epilogue, inputs, reference);
}

/**
 * Float products: on every path from a term |w*x|, a shift or a residual to the result lie at most k additions,
 * three roundings of a weight split into alpha and r, and four of the epilogue (scale, shift, residual, slope).
 * Two computations so differ by at most 2 * gamma(k + 8) times the sum of the terms' sizes, and prelu passes that
 * on with its slope. Codes then are those of the ends, since quantizers are monotone.
 */
function productRange(
  plan: Plan,
  step: PlanStep,
  epilogue: Epilogue,
  inputs: readonly Content[],
  reference: KernelBackend,
): KnownStep['range'] {
  const { quantizer, ...floats } = epilogue;
  const exact = numbers(runFloat(plan, step, floats, inputs, reference));
  const sizes = numbers(sizesOf(plan, step, epilogue, inputs, reference));
  const { weights } = plan.weights[step.weights as number];
  const n = (weights.kind === 'float' ? weights.k : (weights as { signs: Planes }).signs.k) + 8;
  const slopes = slopesOf(epilogue.activation);
  // 1.01 for the roundings of the sizes themselves, 2^-140 for results that underflow.
  const errors = sizes.map(
    (size, i) => 1.01 * 2 * ((n * u) / (1 - n * u)) * size * slopes(i) + 2 ** -140 * n,
  );
  const low = exact.map((v, i) => v - errors[i]);
  const high = exact.map((v, i) => v + errors[i]);
  if (!quantizer) return { low, high };
  const codes = [low, high].map(ends => ends.map(v => quantizeValue(v, quantizer)));
  return {
    low: codes[0].map((code, i) => Math.min(code, codes[1][i])),
    high: codes[0].map((code, i) => Math.max(code, codes[1][i])),
  };
}

function runFloat(
  plan: Plan,
  step: PlanStep,
  epilogue: Epilogue,
  inputs: readonly Content[],
  reference: KernelBackend,
): Content {
  const { shape } = plan.buffers[step.output];
  const buffers = plan.buffers.map((spec, i) =>
    i === step.output ? { kind: 'float' as const, shape } : spec,
  );
  return runStep(
    { ...plan, buffers },
    { ...step, op: { ...step.op, epilogue } as typeof step.op },
    inputs,
    reference,
  );
}

/** The same sums with the size of every term. */
function sizesOf(
  plan: Plan,
  step: PlanStep,
  { scale, shift }: Epilogue,
  inputs: readonly Content[],
  reference: KernelBackend,
): Content {
  const entry = plan.weights[step.weights as number];
  const weights = plan.weights.map(w => (w === entry ? { ...w, weights: weightSizes(w.weights) } : w));
  const epilogue: Epilogue = {
    scale: scale.map(Math.abs),
    shift: shift.map(Math.abs),
    activation: { kind: 'none' },
  };
  const absolute = inputs.map((content): Content => {
    if (content.kind !== 'float') throw new Error('a float product has float inputs');
    return { kind: 'float', values: tensor(content.values.shape, content.values.data.map(Math.abs)) };
  });
  return runFloat({ ...plan, weights }, step, epilogue, absolute, reference);
}

/** |alpha| + |r| of each weight, which is at most 2 * alpha + |w|. */
function weightSizes(weights: KernelWeights): KernelWeights {
  if (weights.kind === 'float') return { ...weights, values: weights.values.map(Math.abs) };
  if (weights.kind !== 'apb') throw new Error(`${weights.kind} weights have no product with floats`);
  const { rows, k } = weights.signs;
  const full = new Set(weights.positions);
  const values = recompose(weights).map(
    (w, i) => Math.abs(w) + (full.has(i) ? 2 * scaleOf(weights.scales, Math.floor(i / k)) : 0),
  );
  return { kind: 'float', rows, k, values };
}

function slopesOf(activation: Activation): (index: number) => number {
  if (activation.kind !== 'prelu') return () => 1;
  const { slopes } = activation;
  return i => Math.max(1, Math.abs(slopes[i % slopes.length]));
}

/**
 * exp(x - max) / sum over C classes, twice in float32: a difference and an exponential of up to 8 roundings above
 * and below the fraction, C additions and a division; a rounding of the difference counts |x - max| times.
 */
function softmaxRange(input: Content, { data, shape }: Tensor): KnownStep['range'] {
  const classes = shape[shape.length - 1];
  const x = numbers(input);
  const error = (p: number, i: number) => {
    const row = x.subarray(i - (i % classes), i - (i % classes) + classes);
    const width = row.reduce((a, b) => Math.max(a, b)) - row.reduce((a, b) => Math.min(a, b));
    return 1.01 * 2 * (2 * width + 16 + classes + 2) * u * p + 2 ** -126;
  };
  return {
    low: Float64Array.from(data, (p, i) => p - error(p, i)),
    high: Float64Array.from(data, (p, i) => p + error(p, i)),
  };
}
