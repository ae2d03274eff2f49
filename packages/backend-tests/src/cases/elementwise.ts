import type { Activation, Encoding, OpName, Shape } from '@apb/core';
import { expectThat, expectWithin } from '../compare.js';
import { activated } from '../oracle/epilogue.js';
import { f } from '../oracle/float.js';
import { softmax } from '../oracle/softmax.js';
import type { Random } from '../random.js';
import { type Problem, problemScenario, type RandomFor, type Scenario } from '../scenario.js';
import { floats, planesOf } from '../values.js';
import { describeEncoding, randomCodes } from './layers.js';
import { exactly } from './quantize.js';

const shapes: Shape[] = [[1, 1], [1], [3, 7], [2, 64], [1, 2, 3, 33], [2, 5, 4, 17]];

export function elementwiseScenarios(randomFor: RandomFor): Scenario[] {
  const scenario = (op: OpName, name: string, problems: (random: Random) => Problem[]) =>
    problemScenario(op, name, () => problems(randomFor(`${op} ${name}`)));
  return [
    scenario('add', 'every activation', random => perActivation(random, addProblem)),
    scenario('affine', 'every activation; scales negative, zero and positive', r =>
      perActivation(r, affineProblem),
    ),
    scenario('activate', 'every activation', random => perActivation(random, activateProblem)),
    scenario('subsample', 'strides that do and do not divide', random =>
      (
        [
          [1, 1],
          [2, 2],
          [2, 3],
          [3, 1],
          [7, 9],
        ] as const
      ).map(strides => subsampleProblem(random, [2, 5, 7, 6], strides)),
    ),
    scenario('padChannels', 'before, after, both, none', random =>
      (
        [
          [0, 0],
          [3, 0],
          [0, 5],
          [8, 8],
          [1, 30],
        ] as const
      ).flatMap(([before, after]) =>
        (
          [
            [2, 3, 2, 16],
            [3, 7],
          ] as const
        ).map(shape => padProblem(random, shape, before, after)),
      ),
    ),
    scenario('reshape', 'floats and planes, word tails moved', reshapeProblems),
    scenario('softmax', 'small, equal, large and distant logits', softmaxProblems),
  ];
}

/** Random numbers of mixed size, with zeros of both signs and a subnormal of each sign among them. */
function mixed(random: Random, shape: Shape): Float32Array {
  const data = random.normals(sizeOf(shape));
  return data.map((x, i) => (i % 11 < 4 ? [0, -0, 2 ** -149, -(2 ** -140)][i % 11] : x));
}

function perActivation(
  random: Random,
  make: (random: Random, shape: Shape, a: Activation) => Problem,
): Problem[] {
  return shapes.flatMap(shape => {
    const channels = shape[shape.length - 1];
    const slopes = Float32Array.from({ length: channels }, (_, c) => [0.25, -0.5, 0, 1.75, -0][c % 5]);
    const activations: Activation[] = [
      { kind: 'none' },
      { kind: 'relu' },
      // Bounds that are not float32 values, then bounds that meet the zeros.
      { kind: 'clamp', min: -0.3, max: 0.7 },
      { kind: 'clamp', min: 0, max: 6 },
      { kind: 'clamp', min: -1, max: 0 },
      { kind: 'prelu', slopes },
    ];
    return activations.map(a => make(random, shape, a));
  });
}

function addProblem(random: Random, shape: Shape, activation: Activation): Problem {
  const a = mixed(random, shape);
  // Backwards, so that zeros meet numbers and other zeros; every fifth sum cancels.
  const b = mixed(random, shape)
    .reverse()
    .map((x, i) => (i % 5 ? x : -a[i]));
  const sum = a.map((x, i) => activated(f(x + b[i]), activation, i % shape[shape.length - 1]));
  const label = `[${shape}], ${activation.kind}`;
  return exactly(
    { label, op: { op: 'add', activation }, inputs: [floats(shape, a), floats(shape, b)] },
    floats(shape, sum),
  );
}

function affineProblem(random: Random, shape: Shape, activation: Activation): Problem {
  const x = mixed(random, shape);
  const channels = shape[shape.length - 1];
  const scale = Float32Array.from(
    { length: channels },
    (_, c) => [1, -1, 0, -0][c % 4] * random.between(0.5, 2),
  );
  const shift = Float32Array.from({ length: channels }, (_, c) => (c % 3 ? random.normal() : c % 2 ? 0 : -0));
  const y = x.map((v, i) =>
    activated(f(f(v * scale[i % channels]) + shift[i % channels]), activation, i % channels),
  );
  const label = `[${shape}], ${activation.kind}`;
  return exactly(
    { label, op: { op: 'affine', scale, shift, activation }, inputs: [floats(shape, x)] },
    floats(shape, y),
  );
}

function activateProblem(random: Random, shape: Shape, activation: Activation): Problem {
  const x = mixed(random, shape);
  const y = x.map((v, i) => activated(v, activation, i % shape[shape.length - 1]));
  return exactly(
    {
      label: `[${shape}], ${activation.kind}`,
      op: { op: 'activate', activation },
      inputs: [floats(shape, x)],
    },
    floats(shape, y),
  );
}

function subsampleProblem(random: Random, shape: Shape, strides: readonly [number, number]): Problem {
  const [n, h, w, c] = shape;
  const x = mixed(random, shape);
  const kept: number[] = [];
  for (let i = 0; i < n; i++)
    for (let y = 0; y < h; y += strides[0])
      for (let z = 0; z < w; z += strides[1])
        for (let ch = 0; ch < c; ch++) kept.push(x[((i * h + y) * w + z) * c + ch]);
  const expected = floats(
    [n, Math.ceil(h / strides[0]), Math.ceil(w / strides[1]), c],
    Float32Array.from(kept),
  );
  return exactly(
    { label: `strides ${strides}`, op: { op: 'subsample', strides }, inputs: [floats(shape, x)] },
    expected,
  );
}

function padProblem(random: Random, shape: Shape, before: number, after: number): Problem {
  const channels = shape[shape.length - 1];
  const x = mixed(random, shape);
  const rows: number[] = [];
  for (let at = 0; at < x.length; at += channels)
    rows.push(...new Array(before).fill(0), ...x.subarray(at, at + channels), ...new Array(after).fill(0));
  const expected = floats([...shape.slice(0, -1), before + channels + after], Float32Array.from(rows));
  const label = `[${shape}], ${before} before, ${after} after`;
  return exactly({ label, op: { op: 'padChannels', before, after }, inputs: [floats(shape, x)] }, expected);
}

function reshapeProblems(random: Random): Problem[] {
  const pairs: [Shape, Shape][] = [
    [
      [6, 5],
      [6, 5],
    ],
    [
      [2, 3, 5, 7],
      [2, 105],
    ],
    [
      [2, 105],
      [2, 3, 5, 7],
    ],
    [
      [4, 33],
      [3, 44],
    ],
    [
      [1, 2, 2, 64],
      [1, 256],
    ],
    [[12], [3, 4]],
  ];
  const encodings: Encoding[] = [
    { kind: 'sign', bits: 1, scale: 1.5 },
    ...([1, 2, 4, 8] as const).map((bits): Encoding => ({ kind: 'code', bits, base: -0.5, step: 0.25 })),
  ];
  return pairs.flatMap(([from, to]) => {
    const label = `[${from}] to [${to}]`;
    const data = mixed(random, from);
    const op = { op: 'reshape' } as const;
    const planes = encodings.map(encoding => {
      const x = randomCodes(random, from, encoding);
      const given = { label: `${label}, ${describeEncoding(encoding)}`, op, inputs: [planesOf(x)] };
      return exactly(given, planesOf({ ...x, shape: to }));
    });
    return [
      exactly({ label: `${label}, floats`, op, inputs: [floats(from, data)] }, floats(to, data)),
      ...planes,
    ];
  });
}

function softmaxProblems(random: Random): Problem[] {
  const widths: Shape[] = [
    [1, 1],
    [2, 10],
    [3, 33],
    [1, 1000],
    [2, 2, 3, 5],
  ];
  const fills: [string, (i: number) => number][] = [
    ['normal', () => random.normal()],
    ['equal', () => 3.25],
    ['large', () => f(1e4 + random.normal())],
    ['distant', i => f((i % 7) * -40)],
    ['the largest numbers', i => (i % 2 ? f(3.4e38) : f(-3.4e38))],
  ];
  return widths.flatMap(shape =>
    fills.map(([fill, value]): Problem => {
      const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(i));
      const expected = softmax(data, shape[shape.length - 1]);
      return {
        label: `[${shape}], ${fill}`,
        op: { op: 'softmax' },
        inputs: [floats(shape, data)],
        out: { kind: 'float', shape },
        check: got => {
          expectWithin(got, expected, 'result');
          expectThat(got.kind === 'float' && got.data.every(p => p >= 0), 'no probability is negative');
        },
      };
    }),
  );
}

function sizeOf(shape: Shape): number {
  return shape.reduce((a, b) => a * b, 1);
}
