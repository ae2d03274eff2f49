import { InputError, packCodes, type WeightData } from '@apb/core';
import { quantizeDorefa } from './dorefa.js';
import { quantizeLsq, startStep, stepMin } from './lsq.js';
import { changed } from './scales.js';
import type { QuantizerValues, StoredRows, WeightQuantizer } from './weight.js';

/**
 * Weights of 2 to 8 bits on core's symmetric grid without a zero, (2q - L) * scale with q in 0..L, L = 2^bits - 1:
 * by a learned step (lsq.ts, the default) or DoReFa-Net's fixed range (dorefa.ts).
 */
export interface KbitOptions {
  readonly method?: 'lsq' | 'dorefa';
  /** 2 to 8. */
  readonly bits?: number;
  /** One step per output channel in place of one per layer; `lsq` only. */
  readonly perChannel?: boolean;
}

const defaults: Required<KbitOptions> = { method: 'lsq', bits: 2, perChannel: false };

export function kbitQuantizer(options: KbitOptions = {}): WeightQuantizer {
  const o = { ...defaults, ...options };
  checkBits(o.bits);
  const config = { kind: 'kbit', ...o } as const;
  if (o.method === 'dorefa') {
    if (o.perChannel)
      throw new InputError('perChannel needs method lsq: DoReFa weights have one fixed range');
    return {
      config,
      parameters: [],
      quantize: w => quantizeDorefa(w, o.bits),
      start: () => ({}),
      constrain: values => values,
      toWeightData: rows => kbitData(rows, o.bits, Float32Array.of(1 / (2 ** o.bits - 1))),
    };
  }
  if (o.method !== 'lsq')
    throw new InputError(`method ${String(o.method)} is unknown for k-bit weights; use lsq or dorefa`);
  return {
    config,
    parameters: [{ name: 'step', per: o.perChannel ? 'channel' : 'layer', role: 'scale', trainable: true }],
    quantize: (w, { step }) => quantizeLsq(w, step, o.bits),
    start: (w, out) => constrainStep({ step: startStep(w, out, o.bits, o.perChannel) }),
    constrain: constrainStep,
    toWeightData: rows =>
      kbitData(
        rows,
        o.bits,
        rows.values.step.map(s => s / 2),
      ),
  };
}

/** @throws InputError unless bits is an integer from 2 to 8 */
export function checkBits(bits: number): void {
  if (!Number.isInteger(bits) || bits < 2 || bits > 8)
    throw new InputError(`k-bit weights have 2 to 8 bits, not ${bits}; for 1 bit use binary`);
}

/** Keeps the step positive. */
export function constrainStep(values: QuantizerValues): QuantizerValues {
  const bounded = { step: values.step.map(s => Math.max(s, stepMin)) };
  return changed(values, bounded) ? { ...values, ...bounded } : values;
}

/** The codes q of W_hat = (2q - L) * scale; scale [1] or [out]. */
export function codesOf(quantized: Float32Array, bits: number, scales: Float32Array): Uint8Array {
  const perScale = quantized.length / scales.length;
  const top = 2 ** bits - 1;
  // The quotient is off an integer by roundings only: two, each by a relative 2^-24.
  return Uint8Array.from(quantized, (x, i) => (Math.round(x / scales[Math.floor(i / perScale)]) + top) / 2);
}

function kbitData({ quantized, shape }: StoredRows, bits: number, scales: Float32Array): WeightData {
  const codes = codesOf(quantized, bits, scales);
  return {
    encoding: 'kbit',
    shape,
    codes: packCodes(codes, bits, shape[0], codes.length / shape[0]),
    scales,
  };
}
