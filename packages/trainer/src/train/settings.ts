import { z } from 'zod';
import { datasetNames } from '../data/catalog.js';
import { engineNames } from '../engines/engine.js';
import { shortcutStyles, stems, type WeightMode, weightModes } from '../models/blocks.js';
import { modelNames } from '../models/buildModel.js';
import { activationBackwards, activationQuantizerNames } from '../quantizers/activation.js';
import type { Schedule } from './schedule.js';
import {
  above0,
  atLeast0,
  below1,
  integer,
  list,
  needOf,
  object,
  oneOf,
  share,
  text,
  upTo,
  variants,
  yesOrNo,
} from './settingTypes.js';

/** Pictures that are held out where no number is given, as `apb train --validation`. */
export const VALIDATION_PICTURES = 5000;

const schedule = variants('kind', {
  constant: { warmupEpochs: atLeast0.optional() },
  cosine: { warmupEpochs: atLeast0.optional() },
  multistep: { warmupEpochs: atLeast0.optional(), atEpochs: list(above0), factor: above0.default(0.1) },
  'one-cycle': { warmupEpochs: atLeast0.optional() },
});

const deltaRule = variants('rule', {
  std: { factor: above0 },
  percentile: { percent: upTo(100) },
});

const weightDecay = object({ compressed: atLeast0, other: atLeast0, rest: atLeast0.default(0) });

const mixing = object({
  mixup: upTo(4).optional(),
  cutmix: upTo(4).optional(),
  probability: share.default(1),
}).refine(({ mixup, cutmix }) => mixup !== undefined || cutmix !== undefined, {
  error: 'mixup or cutmix, or both, such as {mixup: 0.2}',
});

/** Options of a weight quantizer beside its kind, which is `weights`. */
export const quantizerOptions: Readonly<Record<Exclude<WeightMode, 'fp32'>, z.ZodObject>> = {
  apb: object({
    perChannel: yesOrNo.optional(),
    learnAlpha: yesOrNo.optional(),
    learnDelta: yesOrNo.optional(),
    deltaAboveAlpha: yesOrNo.optional(),
    alphaMin: above0.optional(),
    deltaMin: above0.optional(),
  }),
  binary: object({
    scale: oneOf('learned', 'mean').optional(),
    perChannel: yesOrNo.optional(),
    alphaMin: above0.optional(),
  }),
  ternary: object({ perChannel: yesOrNo.optional(), thresholdFactor: above0.optional() }),
  kbit: object({
    method: oneOf('lsq', 'dorefa').optional(),
    bits: integer(2, 8).optional(),
    perChannel: yesOrNo.optional(),
  }),
  prune: object({ backward: oneOf('masked', 'straight-through').optional() }),
  'prune-kbit': object({ bits: integer(2, 8).optional() }),
};

/** What each setting of a run may be and what it is for: errors, the types and the table of the docs come from here. */
const shape = {
  recipe: text.describe('a named set of settings; others given beside it win'),
  model: oneOf(...modelNames).describe('name of the network'),
  data: text.describe(`${datasetNames.join(', ')} or imagefolder:PATH`),
  imageSize: integer(8).describe("height and width of an image folder's pictures; 224"),
  strict: yesOrNo.describe('whether a picture that cannot be read ends the run, in place of being left out'),
  inputShape: z
    .tuple([integer(1), integer(1), integer(1)], { error: '[height, width, channels]' })
    .meta({ need: '[height, width, channels]' })
    .describe('recorded by the run'),
  classes: integer(1).describe('recorded by the run'),
  limit: integer(1).describe('only the first so many training pictures'),
  testLimit: integer(1).describe('only the first so many test pictures'),
  validation: integer(1).describe(
    'training pictures to hold out: they are evaluated on every epoch, the test pictures after the last alone',
  ),
  validationSeed: integer(0).describe(
    'draws them; apart from `seed`, so that runs with other seeds, and those that they start from, hold out the same',
  ),
  weights: oneOf(...weightModes).describe('weight quantizer of the compressed layers'),
  quantizer: z
    .record(z.string(), z.unknown(), { error: 'options by name' })
    .meta({ need: 'options by name' })
    .describe('options of the weight quantizer, those of its class in the API such as `perChannel`'),
  activations: oneOf(32, 8, 4, 2, 1).describe(
    'bits of the activations in front of compressed layers; 32 is float',
  ),
  activationQuantizer: oneOf(...activationQuantizerNames).describe('of 2, 4 and 8 bits'),
  backward: oneOf(...activationBackwards).describe(
    'pseudo-gradient of activations: ewgs, ste for codes, others for signs',
  ),
  stem: oneOf(...stems).describe('first layers of resnet18, 34, 50; by the size of the pictures'),
  shortcuts: oneOf(...shortcutStyles).describe('of ResNets; bireal for 1-bit activations'),
  bitsPerWeight: upTo(64).describe(
    'memory budget over all compressed layers: layers compete for it by delta (apb) or by sparsity (prune, prune-kbit)',
  ),
  budgetFreezeAt: share.describe('share of the steps after which a budget of apb rests; 0.5'),
  prune: object({
    sparsity: share.optional(),
    startSparsity: share.optional(),
    start: share.optional(),
    end: share.optional(),
  }).describe(
    'how the share of pruned weights rises from startSparsity (0) to sparsity (0.9, or what bitsPerWeight asks for) between the shares start (0) and end (0.75) of the steps',
  ),
  gradientReduction: oneOf('mean', 'sum', 'lsq').describe('of the gradients of alpha and delta over a layer'),
  deltaRule: deltaRule.describe(
    'start of delta: so many standard deviations of the weights, or that percentile of ||w| - alpha|',
  ),
  freezeQuantizersAtEpoch: integer(0).describe('finished epochs after which alpha and delta stay'),
  freezeMaskAtEpoch: integer(0).describe('finished epochs after which the set of binarized weights stays'),
  reinitialiseAtEpoch: integer(0).describe(
    'finished epochs after which binarized weights start anew at the middle of their interval',
  ),
  epochs: integer(1).describe('passes over the training pictures'),
  batchSize: integer(1).describe('pictures a step'),
  optimizer: oneOf('sgd', 'adam').describe('of weights, biases and norms; SGD with Nesterov momentum'),
  momentum: below1.describe('of SGD, for weights and scalars alike'),
  learningRate: above0.describe('peak for weights, biases and norms'),
  quantizerOptimizer: oneOf('sgd', 'adam').describe('of alpha, delta and the bounds of activations'),
  quantizerLearningRate: atLeast0.describe('peak for alpha and delta'),
  boundsLearningRate: atLeast0.describe('peak for the bounds of activations; as quantizerLearningRate'),
  schedule: z
    .preprocess(v => (typeof v === 'string' ? { kind: v } : v), schedule)
    .describe('of all rates; a kind alone takes its defaults'),
  weightDecay: z
    .preprocess(v => (typeof v === 'number' ? { compressed: v, other: v } : v), weightDecay)
    .describe(
      'of kernels of compressed layers, of other kernels, and of biases and norms; a number is for all kernels',
    ),
  clipNorm: above0.describe('largest norm of all gradients together'),
  labelSmoothing: below1.describe('share of the target that is spread over all classes'),
  mix: mixing.describe(
    'parameters of the Beta distributions of mixup and cutmix; share of the batches that are mixed',
  ),
  augment: yesOrNo.describe('random shifts and mirroring of the training pictures'),
  distill: object({
    teacher: text.optional(),
    temperature: above0.default(4),
    weight: share.default(0.5),
  }).describe('knowledge distillation from a model file or run directory'),
  ema: below1.describe('decay of a running mean of the weights, which is what is evaluated and exported'),
  reestimateBatchNorm: yesOrNo.describe(
    'whether running statistics are estimated anew before each evaluation',
  ),
  seed: integer(0).describe('of initial weights, order, augmentation and mixing'),
  engine: oneOf(...engineNames).describe('training engine; the best that works'),
  init: text.describe('directory of a run whose weights to start from'),
};

/** What a schedule rises for where nothing is said: a tenth of an epoch; 0.3 of a cycle, as is usual. */
export function warmupOf(kind: Schedule['kind'], epochs: number): number {
  return kind === 'one-cycle' ? 0.3 * epochs : 0.1;
}

/** A setting as people read of it. */
export interface SettingDescription {
  readonly name: string;
  /** What it may be. */
  readonly values: string;
  readonly description: string;
}

/** All settings of a config file, in the order of the docs. */
export const trainSettings: readonly SettingDescription[] = Object.entries(shape).map(([name, schema]) => ({
  name,
  values: needOf(schema),
  description: schema.description!,
}));

/** Any of the settings, each checked on its own. */
export const settingsSchema = z.strictObject(shape).partial();

type Settings = { readonly [K in keyof typeof shape]: Deep<z.output<(typeof shape)[K]>> };

/** What stays absent where it is not given. */
type Optional =
  | 'recipe'
  | 'imageSize'
  | 'strict'
  | 'inputShape'
  | 'classes'
  | 'limit'
  | 'testLimit'
  | 'validation'
  | 'quantizer'
  | 'activationQuantizer'
  | 'backward'
  | 'stem'
  | 'shortcuts'
  | 'bitsPerWeight'
  | 'budgetFreezeAt'
  | 'prune'
  | 'freezeQuantizersAtEpoch'
  | 'freezeMaskAtEpoch'
  | 'reinitialiseAtEpoch'
  | 'clipNorm'
  | 'mix'
  | 'distill'
  | 'ema'
  | 'init';

type Deep<T> = T extends object ? { readonly [K in keyof T]: Deep<T[K]> } : T;

/** All settings of a run: what config.json holds. */
export type TrainConfig = Omit<Settings, Optional | 'schedule'> & {
  readonly [K in Optional]?: Settings[K];
} & { readonly schedule: Schedule };
