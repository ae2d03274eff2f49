// Times micro-kernel designs of the 1/1 product on one matrix product, in turn and by minima, against a loop of
// i8x16.popcnt on registers, and prints a Markdown table. README.md says what came out.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [m, k, n] = [256, 2304, 256];
const ROUNDS = 10;
const BURST_MS = 50;
const STEPS = 20_000;

const relaxed = WebAssembly.validate(await compile('bench/assembly/relaxed.ts', 'relaxed-simd'));
const ceiling = instance(await compile('assembly/ceiling/index.ts'));
const plain = instance(await compile('bench/assembly/index.ts', 'simd128'));
const loose = relaxed && instance(await compile('bench/assembly/relaxed.ts', 'relaxed-simd'));

const x = bits(n * k);
const w = bits(m * k);
const differing = products((a, b) => a ^ b);
const dots = products((a, b) => a * (1 - 2 * b));
const vectors = k / 128;
const cells = k / 4;

/** [name, instance, function, operands, arguments after m and n] */
const designs = [
  ['popcnt 1x4, rows', plain, 'rows1x4', () => counted(1, 16), [vectors]],
  ['popcnt 1x4, panels', plain, 'panels1x4', () => counted(4, 16), [vectors]],
  ['popcnt 1x4, 16-bit sums', plain, 'wide1x4', () => counted(4, 16), [vectors]],
  ['popcnt 2x2', plain, 'panels2x2', () => counted(2, 16), [vectors]],
  ['popcnt 2x4', plain, 'panels2x4', () => counted(4, 16), [vectors]],
  ['popcnt 4x4', plain, 'panels4x4', () => counted(4, 16), [vectors]],
  ['carry-save adders 1x2', plain, 'carrySave1x2', () => counted(4, 16), [vectors]],
  ['i64.popcnt 1x4', plain, 'words1x4', () => counted(4, 8), [vectors]],
  ['i64.popcnt 2x4', plain, 'words2x4', () => counted(4, 8), [vectors]],
  ...tables('', plain),
  ...(loose ? tables(', relaxed', loose) : []),
  ...(loose ? [['dot products of bytes 1x4, relaxed', loose, 'dot1x4', bytes, [k / 16], dots]] : []),
];

function tables(suffix, of) {
  return [
    [`tables 2x32${suffix}`, of, 'tables2x32', () => looked(32), [cells, 63]],
    [`tables 4x32${suffix}`, of, 'tables4x32', () => looked(32), [cells, 63]],
    [`tables 4x32, codes of 2 bits${suffix}`, of, 'tables4x32', () => looked(32), [cells, 21]],
    [`tables 4x32, two cells a round${suffix}`, of, 'tables4x32unrolled', () => looked(32), [cells, 62]],
    [
      `tables 4x32, weights packed${suffix}`,
      of,
      'tables4x32packed',
      () => packed(looked(32), 32),
      [cells, 62],
    ],
    [`tables 8x16${suffix}`, of, 'tables8x16', () => looked(16), [cells, 63]],
  ];
}

const best = new Map();
const limits = { vectors: 0, words: 0 };
for (let round = 0; round < ROUNDS; round++) {
  limits.vectors = Math.max(
    limits.vectors,
    rate(() => ceiling.exports.vectors(STEPS, 1), STEPS * 8 * 128),
  );
  limits.words = Math.max(
    limits.words,
    rate(() => ceiling.exports.words(STEPS, 1), STEPS * 4 * 64),
  );
  for (const [name, of, kernel, operands, rest, expected = differing] of designs) {
    const call = place(of, operands(), kernel, rest);
    if (round === 0) check(name, call(), expected);
    best.set(name, Math.max(best.get(name) ?? 0, rate(call, m * n * k)));
  }
}
console.log(
  `i8x16.popcnt on registers ${limits.vectors.toFixed(0)} GMAC/s, i64.popcnt ${limits.words.toFixed(0)}\n`,
);
console.log('| design | GMAC/s | of the loop of i8x16.popcnt |\n|---|--:|--:|');
for (const [name, gmacs] of best)
  console.log(`| ${name} | ${gmacs.toFixed(0)} | ${((100 * gmacs) / limits.vectors).toFixed(0)} % |`);

async function compile(entry, isa) {
  let binary;
  const features = isa === 'relaxed-simd' ? ['simd', 'relaxed-simd'] : ['simd'];
  const paths = isa ? [isa, 'vectors'] : [];
  const { error, stderr } = await asc.main(
    [
      entry,
      ...paths.flatMap(path => ['--path', `assembly/${path}`]),
      ...['--baseDir', root, '--optimizeLevel', '3', '--noAssert', '--runtime', 'stub'],
      ...['--importMemory', '--noExportMemory', '--outFile', 'designs.wasm'],
      ...features.flatMap(feature => ['--enable', feature]),
    ],
    { writeFile: (_, contents) => (binary = contents) },
  );
  if (error) throw new Error(stderr.toString(), { cause: error });
  return binary;
}

function instance(binary) {
  const memory = new WebAssembly.Memory({ initial: 400 });
  return {
    memory,
    exports: new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { memory } }).exports,
  };
}

/** Puts operands where a kernel finds them; returns a call of it, which returns a view of its sums. */
function place({ memory, exports }, [patches, weights], kernel, rest) {
  const at = (Number(exports.heapBase()) + 63) & ~63;
  const from = at + 4 * n * m;
  const second = from + ((patches.length + 63) & ~63);
  new Uint8Array(memory.buffer, from).set(patches);
  new Uint8Array(memory.buffer, second).set(weights);
  return () => {
    exports[kernel](at, from, second, m, n, ...rest);
    return new Int32Array(memory.buffer, at, n * m);
  };
}

function check(name, sums, expected) {
  const wrong = expected.findIndex((sum, i) => sum !== sums[i]);
  if (wrong >= 0) throw new Error(`${name}: sum ${wrong} is ${sums[wrong]}, not ${expected[wrong]}`);
}

/** 10^9 products a second, of the shortest call. */
function rate(call, count) {
  let least = Number.POSITIVE_INFINITY;
  for (const end = performance.now() + BURST_MS; performance.now() < end; ) {
    const start = performance.now();
    call();
    least = Math.min(least, performance.now() - start);
  }
  return count / least / 1e6;
}

function bits(count) {
  return Uint8Array.from({ length: count }, () => Math.round(Math.random()));
}

function products(combine) {
  const sums = new Int32Array(n * m);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let c = 0; c < k; c++) sum += combine(x[i * k + c], w[j * k + c]);
      sums[i * m + j] = sum;
    }
  return sums;
}

/** Packed bits; weights in panels of so many rows, `unit` bytes of each in turn. */
function counted(rows, unit) {
  const pack = (values, each) => {
    const out = new Uint8Array(values.length / 8);
    for (let i = 0; i < values.length; i++)
      out[each(Math.floor(i / k), (i % k) >> 3)] |= values[i] << (i & 7);
    return out;
  };
  const rowBytes = k / 8;
  const inPanel = (row, byte) => {
    const panel = Math.floor(row / rows) * rows * rowBytes;
    return panel + (Math.floor(byte / unit) * rows + (row % rows)) * unit + (byte % unit);
  };
  return [pack(x, (row, byte) => row * rowBytes + byte), pack(w, inPanel)];
}

/** Cells of signs; weights of one byte a cell in panels of so many rows. */
function looked(rows) {
  const nibble = (values, at) =>
    values[at] | (values[at + 1] << 1) | (values[at + 2] << 2) | (values[at + 3] << 3);
  const ones = Uint8Array.from(
    { length: 16 },
    (_, v) => (v & 1) + ((v >> 1) & 1) + ((v >> 2) & 1) + (v >> 3),
  );
  const patches = new Uint8Array(n * cells * 16);
  for (let i = 0; i < n * cells; i++)
    for (let j = 0; j < 16; j++) patches[16 * i + j] = ones[nibble(x, 4 * i) ^ j];
  const weights = new Uint8Array(m * cells);
  for (let row = 0; row < m; row++)
    for (let c = 0; c < cells; c++)
      weights[(Math.floor(row / rows) * cells + c) * rows + (row % rows)] = nibble(w, row * k + 4 * c);
  return [patches, weights];
}

/** Two cells of weights a byte. */
function packed([patches, weights], rows) {
  const half = new Uint8Array(weights.length / 2);
  for (let i = 0; i < half.length; i++) {
    const at = 2 * rows * Math.floor(i / rows) + (i % rows);
    half[i] = weights[at] | (weights[at + rows] << 4);
  }
  return [patches, half];
}

/** A byte a bit: 0 or 1 for patches, 1 or -1 for weights in panels of 4 rows. */
function bytes() {
  const weights = new Uint8Array(m * k);
  for (let row = 0; row < m; row++)
    for (let c = 0; c < k; c++)
      weights[(Math.floor(row / 4) * (k / 16) + Math.floor(c / 16)) * 64 + (row % 4) * 16 + (c % 16)] =
        1 - 2 * w[row * k + c];
  return [x, weights];
}
