import type { ConvGeometry, Encoding, Product, Shape } from '@apb/core';
import type { Codes } from '../oracle/codes.js';
import { f } from '../oracle/float.js';
import type { FloatLayer, IntLayer, Layer } from '../oracle/layer.js';
import type { Random } from '../random.js';

/** Which weights stay in full precision. */
export const sparsities = ['none', 'few', 'denseRow', 'all', 'border', 'ends'] as const;
type Sparsity = (typeof sparsities)[number];

/** How codes and signs are filled: at random, all the largest product, or all its negative. */
export type Fill = 'random' | 'most' | 'least';

export function weightBits(product: Product): 1 | 2 | 32 {
  return Number(product.split('/')[0]) as 1 | 2 | 32;
}

export function activationBits(product: Product): 1 | 2 | 4 | 8 | 32 {
  return Number(product.split('/')[1]) as 1 | 2 | 4 | 8 | 32;
}

/** Every way in which input of this width can be encoded: signs, codes from zero, codes whose zero is no code. */
export function encodingsOf(product: Product, random: Random): Encoding[] {
  const bits = activationBits(product);
  if (bits === 32) return [];
  const step = random.between(0.2, 1.2);
  const codes: Encoding[] = [
    { kind: 'code', bits, base: 0, step },
    { kind: 'code', bits, base: f(-1.5 * step), step },
  ];
  return bits === 1 ? [{ kind: 'sign', bits, scale: random.between(0.3, 1.7) }, ...codes] : codes;
}

/** A short name for messages. */
export function describeEncoding(e: Encoding | undefined): string {
  if (!e) return 'floats';
  if (e.kind === 'sign') return `signs of scale ${e.scale}`;
  return `${e.bits}-bit codes, base ${e.base}, step ${e.step}`;
}

export function randomCodes(random: Random, shape: Shape, encoding: Encoding, fill: Fill = 'random'): Codes {
  const size = shape.reduce((a, b) => a * b, 1);
  const top = 2 ** encoding.bits - 1;
  const extreme = encoding.kind === 'sign' ? 0 : top;
  const codes = Uint8Array.from({ length: size }, () =>
    fill === 'random' ? random.below(top + 1) : extreme,
  );
  return { shape, encoding, codes };
}

export interface LayerOptions {
  readonly rows: number;
  readonly k: number;
  readonly perChannel?: boolean;
  readonly sparsity?: Sparsity;
  /** Tells 'border' where the kernel's outer taps are. */
  readonly geometry?: ConvGeometry;
  readonly fill?: Fill;
}

export function randomLayer(random: Random, bits: 1 | 2, options: LayerOptions): IntLayer {
  const { rows, k, fill = 'random', sparsity = 'none' } = options;
  const size = rows * k;
  const top = bits === 1 ? 1 : 3;
  const integer = () => {
    if (fill !== 'random') return fill === 'most' ? top : -top;
    return bits === 1 ? 2 * random.below(2) - 1 : 2 * random.below(4) - 3;
  };
  const integers = Int8Array.from({ length: size }, integer);
  const scales = Float32Array.from({ length: options.perChannel ? rows : 1 }, () =>
    random.between(0.05, 1.5),
  );
  const full = bits === 1 ? choose(random, sparsity, options) : new Uint8Array(size);
  const values = Float32Array.from(full, (chosen, at) => (chosen ? fullValue(random, integers[at]) : 0));
  return { bits, rows, k, integers, scales, full, values };
}

/** A weight whose sign is that of the sign plane, now and then a zero of either sign (both count as +1). */
function fullValue(random: Random, sign: number): number {
  if (sign > 0 && random.below(16) === 0) return random.below(2) ? 0 : -0;
  const size = Math.abs(random.normal()) + 2 ** -20;
  return f(sign * size);
}

function choose(random: Random, sparsity: Sparsity, { rows, k, geometry }: LayerOptions): Uint8Array {
  const [kh, kw] = geometry?.kernel ?? [1, k];
  const channels = k / (kh * kw);
  return Uint8Array.from({ length: rows * k }, (_, at) => {
    const row = Math.floor(at / k);
    const tap = Math.floor((at % k) / channels);
    const [y, x] = [Math.floor(tap / kw), tap % kw];
    switch (sparsity) {
      case 'none':
        return 0;
      case 'few':
        // Every third row keeps none, so that a present and an absent sparse term stand side by side.
        return row % 3 !== 2 && random.below(20) === 0 ? 1 : 0;
      case 'denseRow':
        return row === Math.floor(rows / 2) ? 1 : 0;
      case 'all':
        return 1;
      case 'border':
        return (y === 0 || y === kh - 1 || x === 0 || x === kw - 1) && random.below(3) === 0 ? 1 : 0;
      case 'ends':
        return at % k === 0 || at % k === k - 1 ? 1 : 0;
    }
  });
}

function randomFloatLayer(random: Random, rows: number, k: number): FloatLayer {
  return { bits: 32, rows, k, values: random.normals(rows * k) };
}

/** Quantized or float32 input of a product. */
export type Input = Codes | { readonly shape: Shape; readonly data: Float32Array };

/** Input of the product's width, in every encoding that it has. */
export function inputsFor(random: Random, product: Product, shape: Shape): Input[] {
  const encodings = encodingsOf(product, random);
  if (encodings.length) return encodings.map(encoding => randomCodes(random, shape, encoding));
  return [{ shape, data: random.normals(shape.reduce((a, b) => a * b, 1)) }];
}

export function layerFor(random: Random, product: Product, options: LayerOptions): Layer {
  const bits = weightBits(product);
  return bits === 32 ? randomFloatLayer(random, options.rows, options.k) : randomLayer(random, bits, options);
}
