import {
  type ActivationBits,
  type ApbWeights,
  type Epilogue,
  type Quantizer,
  uniformQuantizer,
} from '@apb/core';
import type { Random } from '../../../networks/random.js';
import { apbWeights, sumDeviation } from '../../../networks/weights.js';
import { type LayerShape, type Layout, layoutOf } from './shape.js';

/** Weight bits / activation bits that can be measured, in the order of reports. */
export const LAYER_OPS = ['1/1', '1/2', '1/8', '1/32'] as const;
export type LayerOp = (typeof LAYER_OPS)[number];

/** A layer as it stands in a network: compressed weights and a folded batch norm. */
export interface Layer {
  readonly shape: LayerShape;
  readonly layout: Layout;
  readonly op: LayerOp;
  readonly activationBits: ActivationBits | 32;
  /** Of its input, and in `chain` of its output; absent for 1/32. */
  readonly quantizer?: Quantizer;
  readonly weights: ApbWeights;
  /** Without the quantizer. */
  readonly epilogue: Epilogue;
}

/** @param share of the weights that are in full precision */
export function randomLayer(random: Random, shape: LayerShape, op: LayerOp, share: number): Layer {
  const { m, k } = shape;
  const activationBits = Number(op.split('/')[1]) as Layer['activationBits'];
  const gain = 1 / sumDeviation(k, share);
  return {
    shape,
    layout: layoutOf(shape),
    op,
    activationBits,
    quantizer: quantizerOf(activationBits),
    weights: apbWeights(random, m, k, share),
    epilogue: {
      scale: random.floats(m, 0.5 * gain, 1.5 * gain),
      shift: random.floats(m, -0.5, 0.5),
      activation: { kind: 'none' },
    },
  };
}

/** Codes from 0: what lies below is cut off, as a ReLU does. */
function quantizerOf(bits: ActivationBits | 32): Quantizer | undefined {
  if (bits === 32) return undefined;
  return bits === 1 ? { kind: 'sign', scale: 1 } : uniformQuantizer(bits, 0, 2);
}

export function nameOf({ op, shape: { m, k, n }, weights }: Layer): string {
  return `${op} ${m},${k},${n} with ${weights.positions.length} full-precision weights`;
}
