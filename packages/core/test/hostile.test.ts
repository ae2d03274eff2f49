import { describe, expect, test } from 'vitest';
import { packContainer, unpackContainer } from '../src/format/container.js';
import { digestOf } from '../src/format/digest.js';
import { parseJson } from '../src/format/json.js';
import { InputError, type Model, readModel, writeModel } from '../src/index.js';
import { everyEncoding, prunedCodes, random, tiny } from './models.js';

/** Resolves to the model or to the InputError; any other failure rejects. */
async function outcome(file: Uint8Array, verify: boolean): Promise<Model | InputError> {
  try {
    return await readModel(file, { verify });
  } catch (e) {
    if (!(e instanceof InputError)) throw e;
    // One line, not a flood, that ends with what to do.
    if (!/^[^\p{Cc}]{1,1000}; [^\p{Cc};]{10,}$/u.test(e.message)) throw new Error(`message: ${e.message}`);
    return e;
  }
}

describe('a damaged file', () => {
  test('cut at any length', async () => {
    for (const model of [tiny(), everyEncoding()]) {
      const file = await writeModel(model);
      for (let length = 0; length < file.length; length++)
        for (const verify of [true, false])
          expect(await outcome(file.subarray(0, length), verify), `${length}`).toBeInstanceOf(InputError);
      for (const more of [1, 8, 4096])
        expect(await outcome(Uint8Array.of(...file, ...new Uint8Array(more)), false)).toBeInstanceOf(
          InputError,
        );
    }
  });

  test('with any single bit flipped, header padding included', async () => {
    const file = await writeModel(tiny());
    let unnoticed = 0;
    for (let bit = 0; bit < file.length * 8; bit++) {
      file[bit >>> 3] ^= 1 << (bit & 7);
      expect(await outcome(file, true), `bit ${bit}`).toBeInstanceOf(InputError);
      const unverified = await outcome(file, false);
      if (!(unverified instanceof InputError)) {
        // What is read is valid, whatever it is.
        unnoticed++;
        await writeModel(unverified);
      }
      file[bit >>> 3] ^= 1 << (bit & 7);
    }
    expect(await readModel(file)).toEqual(tiny());
    // Without the checksum a flip of a weight, or of the checksum itself, can pass; most flips cannot.
    expect(unnoticed).toBeGreaterThan(0);
    expect(unnoticed).toBeLessThan(file.length * 4);
  });

  test('with a header whose padding is long, flipped anywhere in it', async () => {
    const { metadata, tensors } = unpackContainer(await writeModel(tiny()));
    const header = headerOf(packContainer({ metadata, tensors }));
    const data = Uint8Array.from(Array.from(tensors.values()).flatMap(t => [...t.bytes]));
    const file = fileOf(header.trimEnd() + ' '.repeat(21), data);
    expect(await readModel(file)).toEqual(tiny());
    for (let bit = (8 + header.trimEnd().length) * 8; bit < (file.length - data.length) * 8; bit++) {
      file[bit >>> 3] ^= 1 << (bit & 7);
      expect(await outcome(file, true), `bit ${bit}`).toBeInstanceOf(InputError);
      file[bit >>> 3] ^= 1 << (bit & 7);
    }
  });

  test('with random bytes overwritten, verified and not', async () => {
    const seed = 20260101;
    const next = random(seed);
    const original = await writeModel(everyEncoding());
    for (let round = 0; round < 3000; round++) {
      const file = original.slice();
      const at = Math.floor(next() * file.length);
      const length = 1 + Math.floor(next() * 8);
      for (let i = at; i < Math.min(file.length, at + length); i++) file[i] = Math.floor(next() * 256);
      if (Buffer.compare(file, original) === 0) continue;
      expect(await outcome(file, true), `seed ${seed}, round ${round}`).toBeInstanceOf(InputError);
      await outcome(file, false);
    }
  });

  test('that is something else altogether', async () => {
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array(7),
      new Uint8Array(8),
      new Uint8Array(10_000),
      new Uint8Array(10_000).fill(255),
      new TextEncoder().encode('{"modelTopology":{}}'.repeat(100)),
      fileOf('{}'),
      fileOf('[]'),
      fileOf('null'),
      fileOf('"text"'),
      fileOf('{"__metadata__":{}}'),
      fileOf('{"__metadata__":{"format":"pt"}}'),
    ])
      expect(await outcome(bytes, true)).toBeInstanceOf(InputError);
  });
});

describe('a hand-made header', () => {
  const data = new Uint8Array(16);
  const metadata = {
    format: 'apb',
    version: '1',
    graph: '',
    input: '',
    classes: '',
    provenance: '',
    weights: '',
    sha256: '',
  };
  const header = (tensors: object, meta: object = metadata) =>
    JSON.stringify({ __metadata__: meta, ...tensors });
  const u8 = (begin: unknown, end: unknown, shape: unknown = [16], dtype: unknown = 'U8') => ({
    t: { dtype, shape, data_offsets: [begin, end] },
  });
  const raw = (tensor: string) => `{"__metadata__":${JSON.stringify(metadata)},"t":${tensor}}`;
  const deep = (n: number) => `${'['.repeat(n)}${']'.repeat(n)}`;

  const cases: [string, string, string][] = [
    ['beyond the data', header(u8(0, 17, [17])), 'the data section has 16 bytes'],
    ['a gap', header(u8(1, 16, [15])), 'begins at 1'],
    ['data left over', header(u8(0, 15, [15])), 'end at 15'],
    ['overlap', header({ a: u8(0, 16).t, b: u8(8, 16, [8]).t }), 'begins at 8'],
    ['the same bytes twice', header({ a: u8(0, 16).t, b: u8(0, 16).t }), 'begins at 0'],
    ['end before begin', header({ a: u8(0, 16).t, b: u8(16, 8, [8]).t }), 'cannot have -8 bytes'],
    ['an empty tensor', header({ a: u8(0, 16).t, b: u8(16, 16, [0]).t }), 'integer from 1'],
    ['a negative offset', header(u8(-8, 16)), 'is -8'],
    ['a fractional offset', header(u8(0.5, 16)), '0.5'],
    ['an offset beyond 2^53', header(u8(0, 2 ** 60)), 'integer'],
    ['an offset that overflows', raw('{"dtype":"U8","shape":[16],"data_offsets":[0,1e999]}'), 'Infinity'],
    ['an offset that is text', header(u8('0', 16)), '"0"'],
    ['an offset that is null', header(u8(null, 16)), 'null'],
    ['three offsets', raw('{"dtype":"U8","shape":[16],"data_offsets":[0,8,16]}'), '3 items'],
    ['NaN', raw('{"dtype":"U8","shape":[NaN],"data_offsets":[0,16]}'), 'JSON'],
    ['no dtype', raw('{"shape":[16],"data_offsets":[0,16]}'), 'dtype'],
    ['an unknown dtype', header(u8(0, 16, [16], 'I64')), '"I64"'],
    ['a dtype from Object.prototype', header(u8(0, 16, [16], 'constructor')), '"constructor"'],
    ['a dtype of the wrong size', header(u8(0, 16, [16], 'F32')), 'cannot have 16 bytes'],
    ['a shape of the wrong size', header(u8(0, 16, [4, 5])), 'cannot have 16 bytes'],
    ['a huge shape', header(u8(0, 16, [2 ** 31 - 1, 2 ** 31 - 1])), 'elements'],
    ['a shape whose size overflows', header(u8(0, 16, new Array(8).fill(2 ** 31 - 1))), 'elements'],
    ['nine axes', header(u8(0, 16, [16, 1, 1, 1, 1, 1, 1, 1, 1])), '9 axes'],
    ['no axes', header({ a: u8(0, 1, []).t }), '0 axes'],
    ['a shape that is an object', header(u8(0, 16, { length: 1, 0: 16 })), 'an object'],
    ['an unknown field', raw('{"dtype":"U8","shape":[16],"data_offsets":[0,16],"x":1}'), '"x"'],
    [
      'a field called __proto__',
      raw('{"__proto__":{"dtype":"U8","shape":[16],"data_offsets":[0,16]}}'),
      '__proto__',
    ],
    [
      'a tensor called __proto__',
      `{"__metadata__":{},"__proto__":${JSON.stringify(u8(0, 16).t)}}`,
      '__proto__',
    ],
    ['metadata called __proto__', `{"__metadata__":{"__proto__":"x"}}`, '__proto__'],
    ['a tensor that is a list', raw('[]'), 'a list'],
    ['a key given twice', raw('{"dtype":"U8","dtype":"U8","shape":[16],"data_offsets":[0,16]}'), 'twice'],
    ['a tensor given twice', `{"__metadata__":{},"t":{},"t":${JSON.stringify(u8(0, 16).t)}}`, 'twice'],
    ['a key given twice, written differently', `{"__metadata__":{},"t":{},"\\u0074" \n :{}}`, 'twice'],
    ['deep nesting', raw(deep(40)), 'deeper'],
    ['nesting that would overflow a stack', raw(deep(1_000_000)), 'deeper'],
    ['nesting that is never closed', raw('['.repeat(20)), 'JSON'],
    ['text that is never closed', raw('"t'), 'JSON'],
    ['a key that is no valid text', raw('{"\\x":1}'), 'JSON'],
    ['brackets that close nothing', ']}]}"a":1', 'JSON'],
    ['a tensor called like a terminal command', header({ '\u009b2J\u2028': 1 }), '\\u{9b}2J\\u{2028}'],
    ['metadata that is no text', header(u8(0, 16), { ...metadata, version: 1 }), 'version'],
    ['a lone surrogate', raw('0').replace('"sha256":""', '"sha256":"\\ud800"'), 'Unicode'],
    ['no metadata', JSON.stringify(u8(0, 16)), '__metadata__ is missing'],
    ['metadata that is null', '{"__metadata__":null}', '__metadata__'],
    ['a byte-order mark', `\ufeff${header(u8(0, 16))}`, 'JSON'],
    ['text after the JSON', `${header(u8(0, 16))} {}`, 'JSON'],
    ['another format', header(u8(0, 16), { ...metadata, format: 'pt' }), 'no apb model'],
    ['version 3', header(u8(0, 16), { ...metadata, version: '3' }), 'version is "3"'],
    ['version 1.0', header(u8(0, 16), { ...metadata, version: '1.0' }), 'version is "1.0"'],
    ['no version', header(u8(0, 16), { format: 'apb' }), 'version is missing'],
    ['an unknown metadata key', header(u8(0, 16), { ...metadata, extra: '' }), '"extra"'],
    [
      'a metadata key missing',
      header(u8(0, 16), { ...metadata, graph: undefined }),
      'graph of __metadata__ is missing',
    ],
  ];
  test.each(cases)('%s', async (_, text, message) => {
    for (const verify of [true, false]) {
      const error = await outcome(fileOf(text, data), verify);
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message).toContain(message);
    }
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });

  test('that is not UTF-8', async () => {
    const file = fileOf('{"__metadata__":{"format":"a\u00e4"}}');
    file[file.indexOf(0xc3)] = 0xff;
    expect(await outcome(file, false)).toMatchObject({ message: expect.stringContaining('UTF-8') });
  });

  test('of any declared length', async () => {
    const file = await writeModel(tiny());
    const view = new DataView(file.buffer);
    const real = view.getBigUint64(0, true);
    for (const length of [
      0n,
      1n,
      real - 8n,
      real - 1n,
      real + 1n,
      real + 8n,
      BigInt(file.length - 8),
      BigInt(file.length - 7),
      2n ** 32n,
      2n ** 53n,
      2n ** 63n,
      2n ** 64n - 1n,
    ]) {
      view.setBigUint64(0, length, true);
      expect(await outcome(file, false), `${length}`).toBeInstanceOf(InputError);
    }
  });

  test('of more than 100 MB', async () => {
    const file = new Uint8Array(8 + 100_000_001).fill(0x20);
    new DataView(file.buffer).setBigUint64(0, 100_000_001n, true);
    expect(await outcome(file, false)).toMatchObject({ message: expect.stringContaining('exceeds') });
  });
});

/**
 * A file whose checksum is right but whose documents are not: each value of each document is replaced in turn.
 */
describe('hostile documents under a right checksum', () => {
  const nasty: unknown[] = [
    null,
    true,
    '',
    '__proto__',
    'constructor',
    'input',
    'a\nb',
    'x'.repeat(300),
    -1,
    0,
    -0,
    1.5,
    2 ** 31,
    2 ** 53,
    1e308,
    [],
    {},
    [[]],
    { length: 3 },
    new Array(9).fill(1),
    [2 ** 31 - 1, 2 ** 31 - 1],
    Array.from({ length: 4 }, () => 2 ** 30),
  ];

  test.each([
    ['graph', everyEncoding()],
    ['input', everyEncoding()],
    ['classes', everyEncoding()],
    ['provenance', everyEncoding()],
    ['weights', everyEncoding()],
    ['weights', prunedCodes()],
  ])('%s', async (key, model) => {
    const { metadata, tensors } = unpackContainer(await writeModel(model));
    const data = Array.from(tensors.values(), t => t.bytes);
    const rewrite = async (text: string) => {
      const changed = { ...metadata, [key]: text };
      return packContainer({ metadata: { ...changed, sha256: await digestOf(changed, data) }, tensors });
    };
    let refused = 0;
    const attempt = async (text: string) => {
      const result = await outcome(await rewrite(text), true);
      if (result instanceof InputError) refused++;
      else await writeModel(result);
    };

    const document = JSON.parse(metadata[key]);
    expect(await readModel(await rewrite(JSON.stringify(document)))).toBeDefined();
    for (const path of pathsOf(document)) {
      for (const value of nasty) await attempt(JSON.stringify(replaced(document, path, () => value)));
      await attempt(JSON.stringify(replaced(document, path, () => undefined)));
      await attempt(
        JSON.stringify(replaced(document, path, v => (isRecord(v) ? { ...v, surprise: 1 } : [v]))),
      );
    }
    for (const text of ['', '{', 'NaN', `${'['.repeat(1e6)}${']'.repeat(1e6)}`, '{"a":1,"a":2}'])
      await attempt(text);
    // Most replacements are wrong; those that happen to be right gave a model that can be written.
    expect(refused).toBeGreaterThan(
      pathsOf(document).length * (key === 'classes' || key === 'provenance' ? 4 : 15),
    );
  });

  test('parameters that claim more than their tensors hold are refused before memory is taken', async () => {
    const { metadata, tensors } = unpackContainer(await writeModel(everyEncoding()));
    const data = Array.from(tensors.values(), t => t.bytes);
    const weights = JSON.parse(metadata.weights);
    for (const name of Object.keys(weights))
      for (const shape of [[2 ** 31 - 1], [1, 2 ** 31 - 1], [2 ** 15, 2 ** 15], [2 ** 31 - 1, 2]]) {
        const changed = {
          ...metadata,
          weights: JSON.stringify({ ...weights, [name]: { ...weights[name], shape } }),
        };
        const sha256 = await digestOf(changed, data);
        const before = process.memoryUsage().arrayBuffers;
        expect(
          await outcome(packContainer({ metadata: { ...changed, sha256 }, tensors }), true),
        ).toBeInstanceOf(InputError);
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
      }
  });

  test('pruned codes whose count, codes and positions do not fit', async () => {
    const { metadata, tensors } = unpackContainer(await writeModel(prunedCodes()));
    const weights = JSON.parse(metadata.weights);
    const message = async (change: object, replaced: Record<string, Uint8Array> = {}) => {
      const all = new Map(tensors);
      for (const [name, bytes] of Object.entries(replaced))
        all.set(name, { dtype: 'U8', shape: [bytes.length], bytes });
      const text = JSON.stringify({ ...weights, a: { ...weights.a, ...change } });
      const file = packContainer({ metadata: { ...metadata, weights: text }, tensors: all });
      return ((await outcome(file, false)) as InputError).message;
    };
    expect(await message({ count: 13 })).toContain('13 positions for only 12 weights');
    // 4 codes of 3 bits are 2 bytes, 6 are 3.
    expect(await message({ count: 6 })).toContain('"a.codes" is U8 [2]');
    expect(await message({ count: 5 })).toContain('beyond the 12 weights');
    expect(await message({ count: 0 })).toContain('unknown part');
    expect(await message({ bits: 9 })).toContain('bits');
    expect(await message({}, { 'a.codes': Uint8Array.of(255, 255) })).toContain('tail bits');
    expect(await message({ shape: [3, 3] })).toContain('beyond the 9 weights');
  });

  test('tensors that belong to two parameters, to none, or to an unknown part', async () => {
    const { metadata, tensors } = unpackContainer(await writeModel(tiny()));
    const weights = JSON.parse(metadata.weights);
    const read = async (changed: object, extra: [string, Uint8Array][] = []) => {
      const all = new Map([
        ...tensors,
        ...extra.map(
          ([name, bytes]) => [name, { dtype: 'U8' as const, shape: [bytes.length], bytes }] as const,
        ),
      ]);
      const result = await outcome(
        packContainer({ metadata: { ...metadata, weights: JSON.stringify(changed) }, tensors: all }),
        false,
      );
      return (result as InputError).message;
    };
    const { w, b } = weights;
    expect(await read({ w, b: { ...b, parts: { values: 'w.scales' } } })).toContain('"w.scales" is F32 [1]');
    expect(await read({ w, b: { ...b, shape: [1], parts: { values: 'w.scales' } } })).toContain(
      '"w.scales" is used twice',
    );
    expect(await read({ w, b: { ...b, parts: { values: 'nothing' } } })).toContain('"nothing" is missing');
    expect(await read({ w, b: { ...b, parts: { values: 'toString' } } })).toContain('"toString" is missing');
    expect(await read({ w, b: { ...b, parts: {} } })).toContain('no part values');
    expect(await read({ w, b: { ...b, parts: { ...b.parts, scales: 'w.scales' } } })).toContain(
      'unknown part "scales"',
    );
    expect(await read(weights, [['stray', Uint8Array.of(1)]])).toContain('"stray" belongs to no parameter');
    expect(
      await read({ w: { ...w, parts: { ...w.parts, more: 'stray' } }, b }, [['stray', Uint8Array.of(1)]]),
    ).toContain('unknown part "more"');
    const { positions, ...rest } = w.parts;
    expect(positions).toBe('w.positions');
    expect(await read({ w: { ...w, parts: rest }, b })).toContain('no part positions');
    expect(await read({ w: { ...w, valueType: 'float32' }, b })).toContain('"w.values" is F16');
  });
});

describe('parseJson', () => {
  test('takes 32 levels and not 33, wherever they are', () => {
    const nested = (n: number) => `{"a":[{},"[[[",${'['.repeat(n)}${']'.repeat(n)}]}`;
    expect(parseJson(nested(30), 'x')).toBeDefined();
    expect(() => parseJson(nested(31), 'x')).toThrow('x nests deeper than 32');
  });

  test('tells keys from strings, and the keys of one object from another’s', () => {
    const text = '{"a":"a","b":["a","a",{"a":1},{"a":1}],"c":{"a":":","\\"":"\\\\","\\\\":1}}';
    expect(parseJson(text, 'x')).toEqual(JSON.parse(text));
    for (const twice of [
      '{"a":1,"a":1}',
      '[{"b":{},"a":1,"b":2}]',
      '{"a":{"c":1,"c" \t\r\n :2}}',
      `{"a":1,"a"${' '.repeat(200)}:1}`,
    ])
      expect(() => parseJson(twice, 'x')).toThrow('twice');
  });
});

function fileOf(header: string, data = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

function headerOf(file: Uint8Array): string {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return new TextDecoder().decode(file.subarray(8, 8 + length));
}

type Path = (string | number)[];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Paths of a document's values, the document itself first. */
function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, v]) => pathsOf(v, [...at, key]))];
}

/** A copy with the value at a path changed; undefined takes it away. */
function replaced(value: unknown, path: Path, change: (v: unknown) => unknown): unknown {
  if (path.length === 0) return change(value) ?? null;
  const copy = structuredClone(value) as Record<string, unknown>;
  let holder = copy;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  const last = path[path.length - 1];
  const changed = change(holder[last]);
  if (changed !== undefined) holder[last] = changed;
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return copy;
}
