import { InputError, type Model } from '@apb/core';
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { type ExportOptions, exportModel } from '../../export/exportModel.js';
import type { ActivationQuantizerArgs } from '../../layers/activationQuantizer.js';
import type { QuantizedKernelArgs } from '../../layers/quantizedKernel.js';
import { calibrateActivations } from '../../models/calibrateActivations.js';
import { bitsPerWeight, type LayerReport, layerReport } from '../../models/layerReport.js';
import { reestimateBatchNorm } from '../../models/reestimateBatchNorm.js';
import { activationQuantizers } from '../../models/walk.js';
import { type ActivationDecision, decideActivations, quantizerOf } from './activations.js';
import { compressedCopy, plainCopy } from './copies.js';
import { type BatchSource, batchesOf, inOrder, noBatch, type Tensors } from './dataset.js';
import { type FineTuneEpoch, type FineTuneOptions, fineTune } from './fineTune.js';
import { type LossFunction, type LossName, lossOf } from './loss.js';
import { meetBudget, memoryHooks } from './memory.js';
import { checkModel, decide, type Keep, type LayerDecision } from './plan.js';
import { rebuild } from './rebuild.js';
import { scan } from './scan.js';

export interface CompressOptions extends QuantizedKernelArgs, FineTuneOptions {
  /** Bits of the values that compressed layers take; default 32, float. */
  readonly activations?: 32 | ActivationQuantizerArgs['bits'];
  /** Layers that stay in full precision; default: the first convolution and the layers that make the outputs. */
  readonly keep?: Keep;
  /**
   * Budget over the compressed layers, by the paper's accounting: the layers compete for full-precision weights (apb)
   * or for the weights that pruning leaves (prune, prune-kbit).
   */
  readonly bitsPerWeight?: number;
  /** Batches {xs, ys} to fit statistics and intervals to and to fine-tune on. */
  readonly data?: BatchSource;
  /** Default: the one that the model was compiled with, else what fits its last activation. */
  readonly loss?: LossName | LossFunction;
}

/** What `compress` did with a layer. */
export interface CompressedLayerReport {
  readonly layer: string;
  readonly className: string;
  readonly compressed: boolean;
  /** Why it stays in full precision. */
  readonly reason?: string;
  /** Bits of its quantized input, 32 where it is float, and why where bits were asked for. */
  readonly activations: number;
  readonly activationsReason?: string;
}

export interface CompressReport {
  readonly layers: readonly CompressedLayerReport[];
  /** Bits, shares, alpha and delta of every compressed layer at the end. */
  readonly quantized: readonly LayerReport[];
  /** By the paper's accounting, over the compressed layers. */
  readonly bitsPerWeight: number;
  /** Empty without data. */
  readonly history: readonly FineTuneEpoch[];
}

export interface Compressed {
  /** The compressed model; the original is unchanged. The caller disposes both. */
  readonly model: LayersModel;
  readonly report: CompressReport;
  /**
   * The model as a file holds it, at its present weights; `writeModel` of @apb/core makes the bytes.
   * @param options default: pictures whose pixels are divided by 255, no class names
   */
  export(options?: Partial<ExportOptions>): Model;
}

/** Samples that batch-norm statistics are estimated from, and batches at most. */
const ESTIMATION = { samples: 2000, batches: 20 };

/**
 * Compresses any `tf.LayersModel`, sequential or functional, nested or with shared layers: Conv2D, DepthwiseConv2D,
 * SeparableConv2D (as its two halves) and Dense become layers with quantized weights of the same names and settings,
 * everything else stays. With data it then estimates batch-norm statistics, fits the intervals of activations and
 * fine-tunes. An engine must have been selected.
 * @throws InputError for unknown options, data that do not fit, a model with nothing to compress
 */
export async function compress(model: LayersModel, options: CompressOptions = {}): Promise<Compressed> {
  checkModel(model);
  const { activations = 32, data, loss } = options;
  if (![32, 8, 4, 2, 1].includes(activations))
    throw new InputError(`activations must be 32, 8, 4, 2 or 1 bits, got ${String(activations)}`);
  const found = scan(model);
  const decisions = decide(model, found, options.keep);
  const compressed = decisions.filter(d => d.compress).map(d => d.layer);
  if (compressed.length === 0)
    throw new InputError(`the model has nothing to compress: ${reasons(decisions)}`);
  const inputs = activations === 32 ? [] : decideActivations(compressed, found, activations);
  const result = rebuild(model, {
    copy: layer => copyOf(layer, compressed.includes(layer), options),
    quantized: new Set(inputs.filter(d => d.quantized).map(d => d.layer)),
    quantizer: (tensor, taker) =>
      quantizerOf(tensor, `${taker.name}_quantizer`, activations as ActivationQuantizerArgs['bits'], found),
  });
  try {
    const hooks = memoryHooks(result, options.quantizer ?? { kind: 'apb' }, options.bitsPerWeight);
    meetBudget(result, hooks, options.bitsPerWeight);
    const history = data
      ? await adapt(result, data, () => fineTune(result, data, lossOf(model, loss), hooks, options))
      : [];
    return {
      model: result,
      report: {
        layers: decisions.map(d => described(d, inputs, activations)),
        quantized: layerReport(result),
        bitsPerWeight: bitsPerWeight(result),
        history,
      },
      export: own => exportModel(result, { ...defaultExport(result), ...own }),
    };
  } catch (error) {
    result.dispose();
    throw error;
  }
}

function copyOf(layer: layers.Layer, compressed: boolean, { quantizer, deltaRule }: QuantizedKernelArgs) {
  return compressed ? compressedCopy(layer, { quantizer, deltaRule }) : plainCopy(layer);
}

/**
 * Statistics before and after training: a newly binarized layer puts out other values than the float one, and running
 * means of tf.layers' batch norm (momentum 0.99) lag behind a short training.
 */
async function adapt<T>(model: LayersModel, data: BatchSource, train: () => Promise<T>): Promise<T> {
  await estimate(model, data);
  if (activationQuantizers(model).length > 0) {
    for await (const { xs } of batchesOf(data)) {
      calibrateActivations(model, asInput(model, xs));
      break;
    }
    await estimate(model, data);
  }
  const result = await train();
  await estimate(model, data);
  return result;
}

async function estimate(model: LayersModel, data: BatchSource): Promise<void> {
  await reestimateBatchNorm(model, estimationInputs(model, data));
}

async function* estimationInputs(model: LayersModel, data: BatchSource): AsyncGenerator<tf.Tensor> {
  let [batches, samples, size] = [0, 0, 0];
  for await (const { xs } of batchesOf(data)) {
    const own = inOrder(xs, model.inputNames, 'xs')[0].shape[0];
    size ||= own;
    // The ragged last one would count as much as a whole one.
    if (own !== size) return;
    yield asInput(model, xs);
    samples += own;
    if (++batches >= ESTIMATION.batches || samples >= ESTIMATION.samples) return;
  }
  if (batches === 0) throw noBatch();
}

/** What the model is applied to: a list where it has several inputs, which the helpers only hand on. */
function asInput(model: LayersModel, xs: Tensors): tf.Tensor {
  const list = inOrder(xs, model.inputNames, 'xs');
  return list.length === 1 ? list[0] : (list as unknown as tf.Tensor);
}

function described(
  { layer, compress, reason }: LayerDecision,
  inputs: readonly ActivationDecision[],
  bits: number,
): CompressedLayerReport {
  const input = inputs.find(d => d.layer === layer);
  return {
    layer: layer.name,
    className: layer.getClassName(),
    compressed: compress,
    ...(reason && { reason }),
    activations: input?.quantized ? bits : 32,
    ...(input?.reason && { activationsReason: input.reason }),
  };
}

function reasons(decisions: readonly LayerDecision[]): string {
  if (decisions.length === 0) return 'no layer has a matrix of weights';
  return `${decisions.map(({ layer, reason }) => `${layer.name}: ${reason}`).join('; ')}; choose with keep`;
}

function defaultExport(model: LayersModel): ExportOptions {
  const shape = model.inputs[0].shape.slice(1) as number[];
  const mean = new Array<number>(shape[shape.length - 1]).fill(0);
  const std = mean.map(() => 1);
  return { input: { shape, mean, std, resize: { rule: 'exact' } }, classes: [], provenance: {} };
}
