import {
  INPUT,
  InputError,
  type Model,
  type ModelMemory,
  memoryOf,
  paperBits,
  type Tensor,
  validateModel,
} from '@apb/core';
import { allocate, type Curve } from './allocate.js';
import { correct, rescaleNorm } from './correct.js';
import { type Fit, fitLayer } from './fit.js';
import { type Decision, decide, type Layer } from './layers.js';
import type { Scaling } from './mask.js';
import { type Moments, momentsOf } from './moments.js';
import { store, withWeights } from './store.js';
import { cutsOf, type Run, Values, valueFrom } from './values.js';

export interface PostTrainingOptions {
  /**
   * Over the compressed layers, by the paper's accounting. What comes out lies below by less than one full-precision
   * weight takes, or by a little more where many weights are equally large and so cannot be told apart by delta.
   */
  readonly bitsPerWeight: number;
  /** A scale for every output channel where no batch norm stands behind the layer, 32 bits each. */
  readonly perChannel?: boolean;
  /** Layers that stay in full precision; default: the first convolution and the layers that make the output. */
  readonly keep?: readonly string[];
  /** Without, the errors of weights are made small, else those of outputs. */
  readonly data?: CalibrationData;
  readonly onProgress?: (progress: PostTrainingProgress) => void;
}

export interface CalibrationData {
  /** Normalised pictures [N, H, W, C] like those of training. Some hundreds; all of a layer's values are in memory. */
  readonly pictures: Tensor;
  /** Others to measure the error of the result on; default: the same. */
  readonly check?: Tensor;
  readonly run: Run;
}

export interface PostTrainingProgress {
  /** First every layer is measured alone, then all are compressed in turn. */
  readonly phase: 'measuring' | 'compressing';
  readonly layer: string;
  readonly done: number;
  readonly total: number;
}

/** What became of a layer. */
export interface PostTrainingLayer {
  readonly name: string;
  readonly parameter: string;
  readonly compressed: boolean;
  /** Why it stays in full precision. */
  readonly reason?: string;
  readonly weights: number;
  readonly fullPrecision: number;
  readonly fullPrecisionShare: number;
  /** By the paper's accounting, also the next. */
  readonly bits: number;
  readonly bitsPerWeight: number;
  /** Root mean square of the error over that of what is approximated: the layer's output with data, else its weights. */
  readonly error?: number;
  /**
   * With data: the relative error of the network's output where this layer alone is binary. Without: the relative error
   * of its weights as binary ones.
   */
  readonly sensitivity?: number;
}

export interface PostTrainingReport {
  /** The most sensitive first; layers that stay as they are last. */
  readonly layers: readonly PostTrainingLayer[];
  readonly totals: ModelMemory['totals'] & {
    /** With data: norm of the error of the network's output before a softmax over the output's, on the check pictures. */
    readonly outputError?: number;
  };
}

/** Pictures on which the effect of a single layer is measured. */
const PROBES = 64;

/** Points of a layer's curve, in mean shares of the budget. */
const CURVE = [0, 0.25, 0.5, 1, 2, 4, 8];

/** Output channels that curves are measured on at most. */
const CURVE_ROWS = 64;

/**
 * Compresses a trained network without training: binary weights and a few in full precision, at most `bitsPerWeight`
 * of them all together. Every layer's error is measured for several shares of full-precision weights; layers compete for
 * the budget by what a bit spares the network's output. Then they are compressed from front to back, each fitted to the
 * full-precision network's outputs on what the compressed layers before it put out, and what that does to means and
 * scales goes into its batch norm or bias. Only core's data in and out: what runs a network is given.
 * @throws InputError naming the option or layer that is wrong
 */
export async function compressModel(
  unchecked: Model,
  options: PostTrainingOptions,
): Promise<{ model: Model; report: PostTrainingReport }> {
  const model = validateModel(unchecked);
  const { bitsPerWeight, data } = options;
  if (!(bitsPerWeight >= 1 && bitsPerWeight <= 32))
    throw new InputError(`bits per weight must be from 1 to 32, got ${bitsPerWeight}`);
  const decisions = decide(model, options.keep);
  const layers = decisions.flatMap(({ layer }) => layer ?? []);
  const scalings = layers.map(
    (layer): Scaling => (layer.norm ? 'norm' : options.perChannel ? 'channel' : 'layer'),
  );
  const curves = await measure(model, layers, scalings, options);
  const counts = allocate(
    curves.map(({ curve }) => curve),
    bitsPerWeight,
  );
  const { compressed, errors } = await compressAll(model, layers, scalings, counts, options);
  const clean = validateModel({
    ...compressed,
    provenance: {
      ...model.provenance,
      compressed: `after training to ${bitsPerWeight} bits a weight, ${data ? `on ${data.pictures.shape[0]} pictures` : 'without data'}`,
    },
  });
  const outputError =
    data && (await relativeOutputError(data.run, model, clean, data.check ?? data.pictures));
  const memory = memoryOf(clean);
  return {
    model: clean,
    report: {
      layers: described(decisions, memory, errors, new Map(layers.map((l, i) => [l, curves[i].sensitivity]))),
      totals: { ...memory.totals, ...(outputError !== undefined && { outputError }) },
    },
  };
}

interface Measured {
  readonly curve: Curve;
  readonly sensitivity: number;
}

/** Every layer's curve, in units of the network's output where there are data. */
async function measure(
  model: Model,
  layers: readonly Layer[],
  scalings: readonly Scaling[],
  { bitsPerWeight, data, onProgress }: PostTrainingOptions,
): Promise<Measured[]> {
  const float = data && new Values(data.run, data.pictures, cutsOf(model));
  const probes = data && firstPictures(data.pictures, PROBES);
  const wanted = data && probes && (await logits(data.run, model, probes));
  const measured: Measured[] = [];
  for (const [i, layer] of layers.entries()) {
    const { node } = layer;
    onProgress?.({ phase: 'measuring', layer: node.name, done: i, total: layers.length });
    const w = floatWeights(model, layer);
    const scaling = scalings[i];
    if (!data || !float || !wanted || !probes) {
      const points = curvePoints(layer, w, scaling, bitsPerWeight);
      const sensitivity = Math.sqrt(points[0].cost);
      measured.push({ curve: curveOf(layer, scaling, points, 1), sensitivity });
      continue;
    }
    await float.advance(model, node.inputs[0]);
    const inputs = await float.at(model, node.inputs[0]);
    const outputs = await valueFrom(data.run, model, node.inputs[0], inputs, node.name);
    const moments = momentsOf(layer, w, inputs, outputs);
    const binary = fitLayer(layer, w, { count: 0, scaling }, moments);
    const alone = await placed(model, layer, binary, scaling, data.run, inputs, outputs);
    const got = await logits(data.run, alone.model, probes);
    const sensitivity = relativeError(wanted.data, got.data);
    const points = curvePoints(layer, w, scaling, bitsPerWeight, moments);
    measured.push({ curve: curveOf(layer, scaling, points, sensitivity ** 2), sensitivity });
  }
  return measured;
}

/** @param atZero cost of a binary layer, in units that all layers share */
function curveOf(layer: Layer, scaling: Scaling, points: Curve['points'], atZero: number): Curve {
  const weights = layer.rows * layer.k;
  const unit = atZero / (points[0].cost || 1);
  return {
    weights,
    scales: scaling === 'channel' ? layer.rows : 1,
    points: [...points.map(({ count, cost }) => ({ count, cost: unit * cost })), { count: weights, cost: 0 }],
  };
}

/** The layer's relative error at some numbers of full-precision weights around its part of the budget. */
function curvePoints(
  layer: Layer,
  w: Float32Array,
  scaling: Scaling,
  bitsPerWeight: number,
  moments?: Moments,
): Curve['points'] {
  const n = w.length;
  const mean = ((bitsPerWeight - 1) * n) / (paperBits(n, 1) - paperBits(n, 0));
  const counts = [...new Set(CURVE.map(factor => Math.round(factor * mean)))].filter(count => count < n);
  const part = someRows(layer, w, moments);
  return counts.map(count => {
    const aim = { count: Math.round((count / n) * part.w.length), scaling };
    return { count, cost: fitLayer(part.layer, part.w, aim, part.moments).error };
  });
}

/** A layer of evenly chosen rows of another, where it has many. */
function someRows(layer: Layer, w: Float32Array, moments?: Moments) {
  if (layer.groups > 1 || layer.rows <= CURVE_ROWS) return { layer, w, moments };
  const { k, rows } = layer;
  const chosen = Array.from({ length: CURVE_ROWS }, (_, i) => Math.floor(((i + 0.5) * rows) / CURVE_ROWS));
  const pick = <T extends Float32Array | Float64Array>(all: T): T => {
    const part = all.slice(0, CURVE_ROWS * k) as T;
    chosen.forEach((r, i) => {
      part.set(all.subarray(r * k, (r + 1) * k), i * k);
    });
    return part;
  };
  return {
    layer: { ...layer, rows: CURVE_ROWS },
    w: pick(w),
    ...(moments && { moments: { ...moments, target: pick(moments.target) } }),
  };
}

async function compressAll(
  model: Model,
  layers: readonly Layer[],
  scalings: readonly Scaling[],
  counts: readonly number[],
  { data, onProgress }: PostTrainingOptions,
): Promise<{ compressed: Model; errors: Map<Layer, number> }> {
  const cuts = cutsOf(model);
  const float = data && new Values(data.run, data.pictures, cuts);
  const own = data && new Values(data.run, data.pictures, cuts);
  const errors = new Map<Layer, number>();
  let draft = model;
  for (const [i, layer] of layers.entries()) {
    const { node } = layer;
    const [input] = node.inputs;
    onProgress?.({ phase: 'compressing', layer: node.name, done: i, total: layers.length });
    const w = floatWeights(model, layer);
    const aim = { count: counts[i], scaling: scalings[i] };
    if (!data || !float || !own) {
      const fit = fitLayer(layer, w, aim);
      draft = withFit(draft, layer, fit, scalings[i]);
      errors.set(layer, Math.sqrt(fit.error));
      continue;
    }
    await float.advance(model, input);
    await own.advance(draft, input);
    const outputs = await float.at(model, node.name);
    const inputs = await own.at(draft, input);
    const fit = fitLayer(layer, w, aim, momentsOf(layer, w, inputs, outputs));
    const corrected = await placed(draft, layer, fit, scalings[i], data.run, inputs, outputs);
    draft = corrected.model;
    errors.set(layer, Math.sqrt(corrected.error));
  }
  return { compressed: draft, errors };
}

/** The model with one layer compressed. */
function withFit(model: Model, layer: Layer, fit: Fit, scaling: Scaling): Model {
  const { weights, factors } = store(layer, fit, scaling);
  const changed = withWeights(model, { [layer.node.weights]: weights });
  return layer.norm ? rescaleNorm(changed, layer.norm, factors) : changed;
}

/** The same, with means and scales that data tell. */
async function placed(
  model: Model,
  layer: Layer,
  fit: Fit,
  scaling: Scaling,
  run: Run,
  inputs: Tensor,
  outputs: Tensor,
) {
  const { weights } = store(layer, fit, scaling);
  const changed = withWeights(model, { [layer.node.weights]: weights });
  const {
    inputs: [input],
    name,
  } = layer.node;
  return correct(changed, layer, outputs, await valueFrom(run, changed, input, inputs, name));
}

function floatWeights(model: Model, { node }: Layer): Float32Array {
  return (model.weights[node.weights] as { values: Float32Array }).values;
}

/**
 * Norm of the difference of two networks' outputs over the norm of the first's, before a softmax.
 * @param pictures normalised [N, H, W, C]
 */
export async function relativeOutputError(
  run: Run,
  wanted: Model,
  got: Model,
  pictures: Tensor,
): Promise<number> {
  const [a, b] = [await logits(run, wanted, pictures), await logits(run, got, pictures)];
  return relativeError(a.data, b.data);
}

function logits(run: Run, model: Model, pictures: Tensor): Promise<Tensor> {
  const { nodes, output } = model.graph;
  const last = nodes.find(node => node.name === output);
  const name = last?.op === 'softmax' ? last.inputs[0] : output;
  return valueFrom(run, model, INPUT, pictures, name);
}

function relativeError(wanted: Float32Array, got: Float32Array): number {
  let [error, energy] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    error += (got[i] - wanted[i]) ** 2;
    energy += wanted[i] ** 2;
  }
  return Math.sqrt(error / energy) || 0;
}

function firstPictures({ shape: [count, ...rest], data }: Tensor, limit: number): Tensor {
  const kept = Math.min(count, limit);
  return { shape: [kept, ...rest], data: data.subarray(0, (data.length / count) * kept) };
}

function described(
  decisions: readonly Decision[],
  memory: ModelMemory,
  errors: ReadonlyMap<Layer, number>,
  sensitivities: ReadonlyMap<Layer, number>,
): PostTrainingLayer[] {
  const byParameter = new Map(memory.layers.map(layer => [layer.parameter, layer]));
  const rows = decisions.flatMap(({ node, layer, reason }): PostTrainingLayer[] => {
    const stored = byParameter.get(node.weights);
    if (!stored) return [];
    const { parameter, weights, fullPrecision, fullPrecisionShare, bits, bitsPerWeight } = stored;
    return [
      {
        name: node.name,
        parameter,
        compressed: layer !== undefined,
        ...(reason && { reason }),
        weights,
        fullPrecision,
        fullPrecisionShare,
        bits: bits.paper,
        bitsPerWeight,
        ...(layer && { error: errors.get(layer), sensitivity: sensitivities.get(layer) }),
      },
    ];
  });
  return rows.sort((a, b) => (b.sensitivity ?? -1) - (a.sensitivity ?? -1));
}
