import type { BufferSpec, DeviceBuffer, Encoding, KernelBackend, Planes, Shape } from '@apb/core';
import { expectSame, expectSameBits, expectSamePlanes, expectThat, expectThrow } from '../compare.js';
import { f } from '../oracle/float.js';
import type { Random } from '../random.js';
import type { RandomFor, Scenario } from '../scenario.js';
import { floats, planesOf, put, take, type Value } from '../values.js';
import { describeEncoding, randomCodes } from './layers.js';

const encodings: Encoding[] = [
  { kind: 'sign', bits: 1, scale: 0.75 },
  ...([1, 2, 4, 8] as const).map((bits): Encoding => ({ kind: 'code', bits, base: -0.5, step: 0.25 })),
];
const tails = [...Array.from({ length: 70 }, (_, i) => i + 1), 127, 128, 129, 255, 256, 257, 511, 512, 513];

/** Values into buffers and out again, and what must not get in. */
export function transferScenarios(randomFor: RandomFor): Scenario[] {
  const scenario = (name: string, check: (backend: KernelBackend) => readonly Value[]): Scenario => {
    return { subject: 'transfer', name, run: rig => rig.compareThreads(check) };
  };
  return [
    scenario('floats come back bit for bit', floatsComeBack),
    scenario('planes come back bit for bit, every width and tail', backend =>
      planesComeBack(backend, randomFor('planes come back')),
    ),
    scenario('buffers hold copies and give copies', copies),
    scenario('a buffer says what it holds', specs),
    scenario('refuses NaN, infinities and wrong lengths', badFloats),
    scenario('refuses dirty padding and planes that do not fit', badPlanes),
  ];
}

function planesComeBack(backend: KernelBackend, random: Random): Value[] {
  const shapes: Shape[] = [...tails.map(k => [3, k]), [7], [2, 3, 4, 37]];
  return encodings.flatMap(encoding =>
    shapes.map(shape => {
      const value = planesOf(randomCodes(random, shape, encoding));
      const buffer = put(backend, value);
      const got = take(backend, buffer);
      expectSame(got, value, `[${shape}], ${describeEncoding(encoding)}`);
      buffer.dispose();
      return got;
    }),
  );
}

function floatsComeBack(backend: KernelBackend) {
  const largest = f(3.4028235e38);
  const data = Float32Array.of(
    0,
    -0,
    1,
    -1,
    2 ** -149,
    -(2 ** -149),
    2 ** -126,
    -(2 ** -127),
    largest,
    -largest,
    0.1,
    7,
  );
  return ([[12], [3, 4], [1, 12], [1, 2, 3, 2]] as Shape[]).map(shape => {
    const value = floats(shape, data);
    const buffer = put(backend, value);
    const got = take(backend, buffer);
    expectSame(got, value, `[${shape}]`);
    buffer.dispose();
    return got;
  });
}

function copies(backend: KernelBackend): Value[] {
  const data = Float32Array.of(1, 2, 3);
  const buffer = backend.upload({ shape: [3], data });
  data.fill(9);
  const given = backend.download(buffer).data;
  expectSameBits(given, Float32Array.of(1, 2, 3), 'the buffer after its source changed');
  given.fill(9);
  expectSameBits(
    backend.download(buffer).data,
    Float32Array.of(1, 2, 3),
    'the buffer after its download changed',
  );
  buffer.dispose();

  const planes: Planes = { kind: 'sign', bits: 1, rows: 1, k: 32, words: Uint32Array.of(5) };
  const imported = backend.importPlanes(planes, encodings[0]);
  planes.words[0] = 7;
  const exported = backend.exportPlanes(imported);
  expectSamePlanes(
    exported,
    { ...planes, words: Uint32Array.of(5) },
    'the planes after their source changed',
  );
  exported.words[0] = 7;
  expectSamePlanes(
    backend.exportPlanes(imported),
    { ...planes, words: Uint32Array.of(5) },
    'the planes after their export changed',
  );
  imported.dispose();
  return [];
}

function specs(backend: KernelBackend): Value[] {
  const encoding = encodings[2];
  const planes: Planes = { kind: 'code', bits: 2, rows: 4, k: 9, words: new Uint32Array(8) };
  const cases: [DeviceBuffer, BufferSpec][] = [
    [backend.alloc({ kind: 'float', shape: [2, 3] }), { kind: 'float', shape: [2, 3] }],
    [backend.upload({ shape: [1], data: Float32Array.of(4) }), { kind: 'float', shape: [1] }],
    [backend.alloc({ kind: 'planes', shape: [2, 3], encoding }), { kind: 'planes', shape: [2, 3], encoding }],
    [backend.importPlanes(planes, encoding), { kind: 'planes', shape: [4, 9], encoding }],
    [backend.importPlanes(planes, encoding, [2, 2, 9]), { kind: 'planes', shape: [2, 2, 9], encoding }],
  ];
  for (const [buffer, expected] of cases) {
    const got = describeSpec(buffer.spec);
    expectThat(got === describeSpec(expected), `spec is ${got}, expected ${describeSpec(expected)}`);
    buffer.dispose();
  }
  return [];
}

function describeSpec(spec: BufferSpec): string {
  return `[${spec.shape}] ${spec.kind === 'planes' ? describeEncoding(spec.encoding) : 'floats'}`;
}

function badFloats(backend: KernelBackend): Value[] {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    for (const at of [0, 4, 66]) {
      const data = new Float32Array(67);
      data[at] = bad;
      const upload = (what?: string) => backend.upload({ shape: [67], data }, what);
      expectThrow(() => upload('the picture'), `${bad} at ${at}`, { range: true, mention: 'the picture' });
      expectThrow(() => upload(), `${bad} at ${at}`, { range: true, mention: 'the input' });
    }
  for (const length of [0, 5, 7])
    expectThrow(
      () => backend.upload({ shape: [2, 3], data: new Float32Array(length) }),
      `[2, 3] with ${length} values`,
    );
  return [];
}

function badPlanes(backend: KernelBackend): Value[] {
  for (const encoding of encodings)
    for (const k of [1, 31, 33, 63, 100]) {
      const rowWords = Math.ceil(k / 32);
      for (const row of [0, 2 * encoding.bits - 1]) {
        const words = new Uint32Array(2 * encoding.bits * rowWords);
        words[(row + 1) * rowWords - 1] = 2 ** 31;
        const dirty: Planes = { kind: encoding.kind, bits: encoding.bits, rows: 2, k, words };
        expectThrow(() => backend.importPlanes(dirty, encoding), `padding of plane row ${row}, k ${k}`);
      }
    }
  const [sign, , code] = encodings;
  const planes: Planes = { kind: 'code', bits: 2, rows: 2, k: 40, words: new Uint32Array(8) };
  expectThrow(
    () => backend.importPlanes({ ...planes, words: new Uint32Array(7) }, code),
    'planes short of a word',
  );
  expectThrow(
    () => backend.importPlanes({ ...planes, words: new Uint32Array(9) }, code),
    'planes with a word too many',
  );
  expectThrow(() => backend.importPlanes(planes, sign), 'codes under a sign encoding');
  expectThrow(() => backend.importPlanes(planes, encodings[3]), '2-bit codes under a 4-bit encoding');
  expectThrow(() => backend.importPlanes(planes, code, [2, 41]), 'planes under another shape');
  expectThrow(
    () => backend.importPlanes(planes, code, [40, 2]),
    'planes under another shape of the same size',
  );
  return [];
}
