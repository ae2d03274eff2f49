import type { Encoding, Quantizer, Shape } from '@apb/core';
import { expectSame } from '../compare.js';
import { dequantized, encodingFor, quantized } from '../oracle/codes.js';
import { f } from '../oracle/float.js';
import type { Random } from '../random.js';
import { type Problem, problemScenario, type RandomFor, type Scenario } from '../scenario.js';
import { floats, planesOf, specOf, type Value } from '../values.js';
import { codeQuantizer } from './finishes.js';
import { describeEncoding, randomCodes } from './layers.js';

/** Every tail of two words and both sides of wide vectors. */
const tails = [
  ...Array.from({ length: 70 }, (_, i) => i + 1),
  ...[127, 128, 129, 255, 256, 257, 383, 384, 385, 511, 512, 513],
];

/** Zeros, subnormals, the ends of the range. */
const specials = [
  0,
  -0,
  2 ** -149,
  -(2 ** -149),
  2 ** -127,
  -(2 ** -127),
  2 ** -126,
  -(2 ** -126),
  1,
  -1,
  0.5,
  -0.5,
  f(3.4028235e38),
  f(-3.4028235e38),
];

const widths = [1, 2, 4, 8] as const;

export function quantizeScenarios(randomFor: RandomFor): Scenario[] {
  const scenario = (name: string, problems: (random: Random) => Problem[]) =>
    problemScenario('quantize', name, () => problems(randomFor(`quantize ${name}`)));
  const quantizers = (random: Random): Quantizer[] => [
    { kind: 'sign', scale: random.between(0.5, 2) },
    ...widths.map(bits => codeQuantizer(bits, -1.3, 1.1)),
  ];
  return [
    scenario('every tail length', random =>
      quantizers(random).flatMap(q => tails.map(k => problem(q, [3, k], random.normals(3 * k)))),
    ),
    scenario('zeros of both signs, subnormals, the largest numbers', random =>
      quantizers(random).map(q => problem(q, [5, specials.length], rotations(specials, 5))),
    ),
    scenario('values on thresholds and around them', random =>
      widths.flatMap(bits =>
        intervals(random).map(([lo, hi]) => {
          const q = codeQuantizer(bits, lo, hi);
          const values = aroundThresholds(q as Extract<Quantizer, { kind: 'code' }>);
          return problem(q, [1, values.length], values);
        }),
      ),
    ),
    scenario('ties go to the even code', () => {
      const q: Quantizer = { kind: 'code', bits: 4, lo: 0, hi: 15, inv: 1, base: 0, step: 1 };
      const values = Float32Array.from({ length: 80 }, (_, i) => i / 4 - 2);
      return [problem(q, [2, 40], values)];
    }),
    scenario('pictures', random =>
      quantizers(random).map(q => problem(q, [2, 3, 5, 37], random.normals(2 * 3 * 5 * 37))),
    ),
  ];
}

export function dequantizeScenarios(randomFor: RandomFor): Scenario[] {
  return [
    problemScenario('dequantize', 'every width, encoding and some tails', () => {
      const random = randomFor('dequantize');
      const step = random.between(0.2, 1.2);
      const signs: Encoding[] = [1, random.between(0.1, 3)].map(scale => ({ kind: 'sign', bits: 1, scale }));
      const codes = widths.flatMap(bits =>
        [0, f(-1.5 * step), random.between(0, 1)].map(
          (base): Encoding => ({ kind: 'code', bits, base, step }),
        ),
      );
      const shapes: Shape[] = [
        [1, 1],
        [3, 31],
        [2, 64],
        [4, 65],
        [2, 3, 2, 33],
      ];
      return [...signs, ...codes].flatMap(encoding =>
        shapes.map(shape => {
          const x = randomCodes(random, shape, encoding);
          const expected = floats(
            shape,
            Float32Array.from(x.codes, code => dequantized(code, encoding)),
          );
          const label = `[${shape}], ${describeEncoding(encoding)}`;
          return exactly({ label, op: { op: 'dequantize' }, inputs: [planesOf(x)] }, expected);
        }),
      );
    }),
  ];
}

/** A problem whose result is fixed to the last bit. */
export function exactly(given: Omit<Problem, 'out' | 'check'>, expected: Value): Problem {
  return { ...given, out: specOf(expected), check: got => expectSame(got, expected, 'result') };
}

function problem(quantizer: Quantizer, shape: Shape, data: Float32Array): Problem {
  const encoding = encodingFor(quantizer);
  const codes = Uint8Array.from(data, x => quantized(x, quantizer));
  return exactly(
    {
      label: `[${shape}], ${describeEncoding(encoding)}`,
      op: { op: 'quantize', quantizer },
      inputs: [floats(shape, data)],
    },
    planesOf({ shape, encoding, codes }),
  );
}

/** After a ReLU, symmetric, and far from zero, where one step of x is many steps of x - lo. */
function intervals(random: Random): [lo: number, hi: number][] {
  const size = random.between(0.5, 4);
  return [
    [0, 1],
    [0, size],
    [-size, size],
    [f(-1.5 * size), f(1.5 * size)],
    [100, 100 + size],
  ];
}

/** Where the real quantizer changes its code, and the neighbouring floats; the bounds and beyond. */
function aroundThresholds({ bits, lo, hi, inv }: Extract<Quantizer, { kind: 'code' }>): Float32Array {
  const levels = 2 ** bits - 1;
  const centers = Array.from({ length: levels }, (_, j) => f(lo + (j + 0.5) / inv));
  return Float32Array.from([...centers, lo, hi, lo - 1, hi + 1].flatMap(neighbours));
}

/** A float32 and up to three steps either side. */
function neighbours(x: number): number[] {
  const bits = new Int32Array(Float32Array.of(x).buffer)[0];
  const at = (step: number) => new Float32Array(Int32Array.of(bits + step).buffer)[0];
  if (x === 0) return [0, -0, 2 ** -149, -(2 ** -149)];
  return [-3, -2, -1, 0, 1, 2, 3].map(at);
}

/** Rows of the same values, each moved on by one, so that each value meets several positions in a word. */
function rotations(values: readonly number[], rows: number): Float32Array {
  return Float32Array.from({ length: rows * values.length }, (_, i) => {
    const row = Math.floor(i / values.length);
    return values[(i + row) % values.length];
  });
}
