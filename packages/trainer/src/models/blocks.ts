import { initializers, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { ActivationQuantizer } from '../layers/activationQuantizer.js';
import { ApbConv2D } from '../layers/apbConv2d.js';
import { ApbDense } from '../layers/apbDense.js';
import { BatchNorm } from '../layers/batchNorm.js';
import {
  type ActivationBackward,
  type ActivationQuantizerName,
  activationOptions,
} from '../quantizers/activation.js';
import type { DeltaRule, WeightQuantizerConfig } from '../quantizers/weight.js';

/** Weights of the layers a model compresses; first convolution and last dense layer are always float. */
export type WeightMode = (typeof weightModes)[number];

/** What `weights` may be. */
export const weightModes = ['apb', 'binary', 'ternary', 'kbit', 'prune', 'prune-kbit', 'fp32'] as const;

/** What `stem` may be. */
export const stems = ['imagenet', 'cifar'] as const;

/** What `shortcuts` may be. */
export const shortcutStyles = ['plain', 'bireal'] as const;

export interface ModelOptions {
  readonly weights: WeightMode;
  /** Width of the activations in front of compressed layers; 32 is float. */
  readonly activations: 1 | 2 | 4 | 8 | 32;
  /** Of the initial weights: the same seed gives the same weights on every engine. */
  readonly seed: number;
  /** Replaces the defaults that `weights` stands for. */
  readonly quantizer?: WeightQuantizerConfig;
  readonly deltaRule?: DeltaRule;
  /** Of 2-, 4- and 8-bit activations, and the backward pass; the defaults where they are absent. */
  readonly activationQuantizer?: ActivationQuantizerName;
  readonly backward?: ActivationBackward;
  /** Height, width, channels of the pictures; absent: what the model is meant for. */
  readonly inputShape?: readonly [number, number, number];
  /** Outputs; absent: what the model is meant for. */
  readonly classes?: number;
  /**
   * First layers of resnet18, 34 and 50: a 7x7 convolution with stride 2 and a pool, or a 3x3 convolution; absent: the
   * latter for pictures whose shorter side is below 96.
   */
  readonly stem?: (typeof stems)[number];
  /** Of ResNets: as He et al., or one for each convolution, as Bi-Real Net; absent: the latter for 1-bit activations. */
  readonly shortcuts?: (typeof shortcutStyles)[number];
}

type ConvArgs = Omit<Parameters<typeof layers.conv2d>[0], 'name'>;
type DenseArgs = Omit<Parameters<typeof layers.dense>[0], 'name'>;
type Apply = (x: SymbolicTensor) => SymbolicTensor;

/** The layers a model is made of, by its options. Names are the same whatever the options, for `transferWeights`. */
export interface Blocks {
  readonly options: ModelOptions;
  /** Full-precision convolution without bias. */
  floatConv(name: string, args: ConvArgs): Apply;
  /** Convolution without bias that is compressed unless `weights` is fp32. */
  conv(name: string, args: ConvArgs): Apply;
  /** Dense layer without bias that is compressed unless `weights` is fp32. */
  dense(name: string, args: DenseArgs): Apply;
  /** Full-precision dense layer with bias: the classifier. */
  classifier(name: string, units: number): Apply;
  norm(name: string): Apply;
  relu(name: string): Apply;
  /** Quantizes the input of a compressed layer; nothing for 32-bit activations. */
  quantize(name: string): Apply;
}

export function blocks(options: ModelOptions): Blocks {
  const { weights, activations, deltaRule, activationQuantizer, backward } = options;
  const quantizer: WeightQuantizerConfig | undefined =
    options.quantizer ?? (weights === 'fp32' ? undefined : { kind: weights });
  let made = 0;
  // Layers get consecutive seeds from one base. From 1: TensorFlow.js takes seed 0 for none and draws a random one.
  const kernelInitializer = () => initializers.heNormal({ seed: options.seed * 1000 + ++made });
  const apply =
    (layer: layers.Layer): Apply =>
    x =>
      layer.apply(x) as SymbolicTensor;
  const floatConv = (name: string, args: ConvArgs) =>
    apply(layers.conv2d({ ...args, name, useBias: false, kernelInitializer: kernelInitializer() }));
  return {
    options,
    floatConv,
    conv: (name, args) =>
      weights === 'fp32'
        ? floatConv(name, args)
        : apply(
            new ApbConv2D({
              ...args,
              name,
              useBias: false,
              kernelInitializer: kernelInitializer(),
              quantizer,
              deltaRule,
            }),
          ),
    dense: (name, args) => {
      const common = { ...args, name, useBias: false, kernelInitializer: kernelInitializer() };
      return apply(
        weights === 'fp32' ? layers.dense(common) : new ApbDense({ ...common, quantizer, deltaRule }),
      );
    },
    classifier: (name, units) => apply(layers.dense({ name, units, kernelInitializer: kernelInitializer() })),
    norm: name => apply(new BatchNorm({ name })),
    relu: name => apply(layers.reLU({ name })),
    quantize: name =>
      activations === 32
        ? x => x
        : apply(
            new ActivationQuantizer({
              name,
              ...activationOptions(activations, activationQuantizer, backward),
            }),
          ),
  };
}
