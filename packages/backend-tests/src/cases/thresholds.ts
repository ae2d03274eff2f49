import type { Encoding, Epilogue, Product, Quantizer } from '@apb/core';
import { f } from '../oracle/float.js';
import type { Random } from '../random.js';
import type { Problem } from '../scenario.js';
import {
  activationBits,
  describeEncoding,
  encodingsOf,
  randomCodes,
  randomLayer,
  weightBits,
} from './layers.js';
import { KnownProduct } from './product.js';

/** Integer steps from 0: half-integers are ties, 0 and 3 are the bounds. */
const wholeCodes: Quantizer = { kind: 'code', bits: 2, lo: 0, hi: 3, inv: 1, base: 0, step: 1 };
const signs: Quantizer = { kind: 'sign', scale: 1 };

/**
 * Results that are small multiples of 1/2, so that many are exactly zero (+1, whatever the sign of the zero or
 * of the scale) or half-way between two codes (to even).
 */
export function thresholdProblems(random: Random, product: Product): Problem[] {
  const bits = weightBits(product) as 1 | 2;
  const shape = [24, 4];
  return unitEncodings(product).flatMap(encoding => {
    const drawn = randomCodes(random, shape, encoding);
    const x = { ...drawn, codes: drawn.codes.map(q => q % 4) };
    const layer = { ...randomLayer(random, bits, { rows: 12, k: 4 }), scales: Float32Array.of(0.5) };
    const known = new KnownProduct({ label: describeEncoding(encoding), x, layer });
    const scale = Float32Array.from({ length: 12 }, (_, c) => [1, -1, 0, -0, 0.5, -0.5][c % 6]);
    const shift = Float32Array.from({ length: 12 }, (_, c) => [0, -0, 1.5, -1, 0.5, 1][Math.floor(c / 2)]);
    return [undefined, signs, wholeCodes].flatMap(quantizer =>
      (['none', 'relu'] as const).map(kind => {
        const epilogue: Epilogue = {
          scale,
          shift,
          activation: { kind },
          ...(quantizer ? { quantizer } : {}),
        };
        const target = quantizer ? `to ${quantizer.kind}s` : 'to floats';
        return known.problem(`${target}, activation ${kind}`, epilogue);
      }),
    );
  });
}

/**
 * alpha * step of 2^-149 * 0.4 (to +0, so that a negative sum gives -0), of one subnormal step and of a
 * subnormal number: a flush to zero or a term that should be absent shows.
 */
export function underflowProblems(random: Random, product: Product): Problem[] {
  const bits = weightBits(product) as 1 | 2;
  return [0.4 * 2 ** -149, 2 ** -149, 2 ** -140].flatMap(target =>
    unitEncodings(product).flatMap(unit => {
      const encoding: Encoding =
        unit.kind === 'sign'
          ? { ...unit, scale: 2 ** -75 }
          : { ...unit, base: 2 ** -75 * unit.base, step: 2 ** -75 };
      const x = randomCodes(random, [4, 37], encoding);
      const layer = {
        ...randomLayer(random, bits, { rows: 6, k: 37 }),
        scales: Float32Array.of(f(target / 2 ** -75)),
      };
      if (bits === 1) {
        // One full-precision weight in row 0, equal to what the binary part gives: the sparse term is present and zero.
        layer.full[3] = 1;
        layer.values[3] = layer.integers[3] * layer.scales[0];
      }
      const known = new KnownProduct({
        label: `${describeEncoding(encoding)}, alpha ${layer.scales[0]}`,
        x,
        layer,
      });
      const epilogue = (shift: number): Epilogue => ({
        scale: new Float32Array(6).fill(1),
        shift: new Float32Array(6).fill(shift),
        activation: { kind: 'none' },
      });
      return [
        known.problem('shift -0', epilogue(-0)),
        known.problem('shift -0 to signs', { ...epilogue(-0), quantizer: signs }),
      ];
    }),
  );
}

/** Sums near the largest; those of 8-bit codes are odd and above 2^24: they round on their way to float32, to even. */
export function extremeProblems(random: Random, product: Product): Problem[] {
  const long = activationBits(product) === 8 ? [[2, 2, 70_001]] : [];
  const sizes = [...long, [3, 9, 600]];
  const bits = weightBits(product) as 1 | 2;
  return encodingsOf(product, random).flatMap(encoding =>
    sizes.flatMap(([m, rows, k]) =>
      (['most', 'least'] as const).map(fill => {
        const x = randomCodes(random, [m, k], encoding, 'most');
        const layer = randomLayer(random, bits, { rows, k, fill, perChannel: true });
        const label = `m ${m}, n ${rows}, k ${k}, ${fill}, ${describeEncoding(encoding)}`;
        return new KnownProduct({ label, x, layer }).problem('plain', {
          scale: new Float32Array(rows).fill(1),
          shift: new Float32Array(rows),
          activation: { kind: 'none' },
        });
      }),
    ),
  );
}

/** Encodings of step or scale 1, base absent or -1. */
function unitEncodings(product: Product): Encoding[] {
  const bits = activationBits(product);
  if (bits === 32) return [];
  const codes: Encoding[] = [0, -1].map(base => ({ kind: 'code', bits, base, step: 1 }));
  return bits === 1 ? [{ kind: 'sign', bits, scale: 1 }, ...codes] : codes;
}
