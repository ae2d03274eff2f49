import type { ActivationBits, Quantizer } from '@apb/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type SignOptions, signQuantizer } from './sign.js';
import { type UniformOptions, uniformActivationQuantizer } from './uniform.js';

/** Interval of a uniform quantizer, float32 values with lo < hi. */
export interface Bounds {
  readonly lo: number;
  readonly hi: number;
}

/** An activation quantizer: forward, pseudo-gradient and the bit planes it maps to, one file each. */
export interface ActivationFunction {
  readonly bits: ActivationBits;
  /** Whether the interval [lo, hi] is a parameter. */
  readonly learnsBounds: boolean;
  /** Real values x -> quantized real values of the same shape; lo and hi have shape []. */
  quantize(x: Tensor, lo?: Tensor, hi?: Tensor): Tensor;
  /** The nearest interval that is not empty. */
  constrain(bounds: Bounds): Bounds;
  /** A start for the interval from a sample of the values that will be quantized. */
  calibrate(sample: Float32Array, lo: number): Bounds;
  /** What core and the runtime compute: the codes and values of `quantize`, bit for bit. */
  toQuantizer(bounds: Bounds): Quantizer;
}

export interface ActivationOptions {
  /** 1: signs; 2, 4, 8: uniform codes. */
  readonly bits: ActivationBits;
  readonly sign?: SignOptions;
  readonly uniform?: UniformOptions;
}

export function activationFunction({ bits, sign, uniform }: ActivationOptions): ActivationFunction {
  return bits === 1 ? signQuantizer(sign) : uniformActivationQuantizer(bits, uniform);
}
