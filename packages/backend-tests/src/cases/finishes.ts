import type { Epilogue, Quantizer } from '@apb/core';
import { f } from '../oracle/float.js';
import type { Random } from '../random.js';

/** What follows a product; each kind is an epilogue that some network has. */
export const finishes = [
  'plain',
  'scaled',
  'relu',
  'clamp',
  'prelu',
  'residual',
  'residual prelu',
  'to signs',
  'to 1-bit codes',
  'to 2-bit codes',
  'to 4-bit codes',
  'to 8-bit codes',
  'residual to signs',
  'relu to 2-bit codes',
] as const;
export type Finish = (typeof finishes)[number];

/**
 * The epilogue of a kind for results of typical size `size`. But for 'plain', scales change sign from channel
 * to channel, each fourth is zero, and outputs are of the order of 1, the range of the quantizers.
 */
export function makeEpilogue(random: Random, finish: Finish, channels: number, size: number): Epilogue {
  const scale = Float32Array.from({ length: channels }, (_, c) => {
    if (finish === 'plain') return 1;
    if (c % 4 === 3) return c % 8 === 3 ? 0 : -0;
    return (c % 2 ? -1 : 1) * (random.between(0.5, 1.5) / (size || 1));
  });
  const shift = Float32Array.from(scale, () => (finish === 'plain' ? 0 : random.between(-1, 1)));
  const bits = finish.match(/(\d)-bit/)?.[1];
  const quantizer: Quantizer | undefined = finish.endsWith('signs')
    ? { kind: 'sign', scale: random.between(0.5, 1.5) }
    : bits
      ? codeQuantizer(Number(bits) as 1 | 2 | 4 | 8, f(-0.7), f(1.4))
      : undefined;
  return {
    scale,
    shift,
    activation: activationOf(random, finish, channels),
    ...(quantizer ? { quantizer } : {}),
  };
}

/** Clips to [lo, hi]; what its codes stand for is something else, as after a learned output scale. */
export function codeQuantizer(bits: 1 | 2 | 4 | 8, lo: number, hi: number): Quantizer {
  const levels = 2 ** bits - 1;
  const inv = f(levels / f(hi - lo));
  return { kind: 'code', bits, lo: f(lo), hi: f(hi), inv, base: f(-0.35), step: f(0.9 / levels) };
}

function activationOf(random: Random, finish: Finish, channels: number): Epilogue['activation'] {
  if (finish.startsWith('relu')) return { kind: 'relu' };
  if (finish === 'clamp') return { kind: 'clamp', min: -0.3, max: 0.9 };
  if (!finish.includes('prelu')) return { kind: 'none' };
  const slopes = Float32Array.from(
    { length: channels },
    (_, c) => [0.25, -0.5, 0, 1.75][c % 4] * random.between(0.9, 1.1),
  );
  return { kind: 'prelu', slopes };
}
