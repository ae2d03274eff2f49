import { type ActivationBits, InputError, type Quantizer } from '@apb/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { dorefaActivationQuantizer } from './dorefaActivation.js';
import { type LsqActivationOptions, lsqActivationQuantizer } from './lsqActivation.js';
import { pactActivationQuantizer } from './pact.js';
import { type SignOptions, signQuantizer } from './sign.js';
import { type UniformOptions, uniformActivationQuantizer } from './uniform.js';

/** Interval of a uniform quantizer, float32 values with lo < hi. */
export interface Bounds {
  readonly lo: number;
  readonly hi: number;
}

/** A number that an activation quantizer keeps in its layer. */
export interface ActivationParameter {
  readonly name: string;
  readonly trainable: boolean;
}

/** Values of an activation quantizer's parameters by name, float32. */
export type ActivationValues = Readonly<Record<string, number>>;

/** An activation quantizer: forward, pseudo-gradient and the bit planes it maps to, one file each. */
export interface ActivationFunction {
  readonly bits: ActivationBits;
  readonly parameters: readonly ActivationParameter[];
  /** Real values x -> quantized real values of the same shape; parameters by name, of shape []. */
  quantize(x: Tensor, parameters: Readonly<Record<string, Tensor>>): Tensor;
  /** The parameters' values for an interval, or for the nearest that it can have. */
  fromBounds(bounds: Bounds): ActivationValues;
  /** The nearest values whose interval is not empty; those that are within bounds stay as they are. */
  constrain(values: ActivationValues): ActivationValues;
  /** The interval of values within bounds. */
  toBounds(values: ActivationValues): Bounds;
  /** An interval that fits a sample of the values that will be quantized, at best from the present one. */
  calibrate(sample: Float32Array, present: Bounds): Bounds;
  /** What core and the runtime compute: the codes and values of `quantize`, bit for bit. */
  toQuantizer(bounds: Bounds): Quantizer;
}

/** What `activationQuantizer` may be for 2, 4 and 8 bits; 1 bit is always the sign. */
export const activationQuantizerNames = ['uniform', 'pact', 'dorefa', 'lsq'] as const;
export type ActivationQuantizerName = (typeof activationQuantizerNames)[number];

export interface ActivationOptions {
  /** 1: signs; 2, 4, 8: uniform codes. */
  readonly bits: ActivationBits;
  /** Of codes; `uniform` by default. */
  readonly quantizer?: ActivationQuantizerName;
  readonly sign?: SignOptions;
  readonly uniform?: UniformOptions;
  readonly lsq?: LsqActivationOptions;
}

/** @throws InputError for an unknown quantizer or option */
export function activationFunction(options: ActivationOptions): ActivationFunction {
  const { bits, quantizer = 'uniform', sign, uniform, lsq } = options;
  if (bits === 1) return signQuantizer(sign);
  switch (quantizer) {
    case 'uniform':
      return uniformActivationQuantizer(bits, uniform);
    case 'pact':
      return pactActivationQuantizer(bits);
    case 'dorefa':
      return dorefaActivationQuantizer(bits);
    case 'lsq':
      return lsqActivationQuantizer(bits, lsq);
    default:
      throw new InputError(
        `activation quantizer ${String(quantizer)} is unknown; use ${activationQuantizerNames.join(', ')}`,
      );
  }
}

/** The backward passes of an activation quantizer by one name, as a config holds it. */
export const activationBackwards = ['ewgs', 'ste', 'approx', 'identity'] as const;
export type ActivationBackward = (typeof activationBackwards)[number];

/**
 * Options from what a config holds.
 * @param backward ewgs or ste for `uniform` codes, approx or identity for signs; the default where it is absent
 * @throws InputError where the backward does not belong to the quantizer
 */
export function activationOptions(
  bits: ActivationBits,
  quantizer?: ActivationQuantizerName,
  backward?: ActivationBackward,
): ActivationOptions {
  if (backward === undefined) return { bits, quantizer };
  if (bits === 1) return { bits, sign: { backward: backward as SignOptions['backward'] } };
  if ((quantizer ?? 'uniform') !== 'uniform' && backward !== 'ste')
    throw new InputError(
      `backward ${backward} is unknown for the activation quantizer ${quantizer}; use ste`,
    );
  return { bits, quantizer, uniform: { backward: backward as UniformOptions['backward'] } };
}
