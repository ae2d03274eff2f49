import asc from 'assemblyscript/asc';

const relaxed = process.argv.includes('relaxed');

import { readFileSync } from 'node:fs';

let src = readFileSync('bench/assembly/designs.ts', 'utf8');
if (relaxed) src = src.replace('i8x16.swizzle(', 'i8x16.relaxed_swizzle(');
let bin;
const { error, stderr } = await asc.main(
  [
    'input.ts',
    '--optimizeLevel',
    '3',
    '--noAssert',
    '--runtime',
    'stub',
    '--enable',
    'simd',
    ...(relaxed ? ['--enable', 'relaxed-simd'] : []),
    '--importMemory',
    '--outFile',
    'o.wasm',
  ],
  {
    readFile: n => (n === 'input.ts' ? src : null),
    writeFile: (n, c) => {
      if (n.endsWith('wasm')) bin = c;
    },
    listFiles: () => [],
  },
);
if (error) {
  console.error(stderr.toString());
  process.exit(1);
}
const memory = new WebAssembly.Memory({ initial: 400 });
const { exports: e } = new WebAssembly.Instance(new WebAssembly.Module(bin), { env: { memory } });
const base = (Number(e.heap()) + 63) & ~63;
const u8 = new Uint8Array(memory.buffer);
const W = base + (1 << 20) * 8,
  X = base + (1 << 20),
  T = base + (1 << 20) * 16;
let s = 1;
const rnd = () => (s = (s * 48271) % 2147483647);
const m = 256,
  k = 2304,
  n = Number(process.env.N ?? 256);
const vec = k / 128,
  groups = k / 4;
const xb = new Uint8Array(n * k),
  wb = new Uint8Array(m * k);
for (let i = 0; i < xb.length; i++) xb[i] = (rnd() >> 7) & 1;
for (let i = 0; i < wb.length; i++) wb[i] = (rnd() >> 7) & 1;
const want = new Int32Array(n * m);
for (let i = 0; i < n; i += 1)
  for (let j = 0; j < m; j += 7) {
    let c = 0;
    for (let q = 0; q < k; q++) c += xb[i * k + q] ^ wb[j * k + q];
    want[i * m + j] = c;
  }
const packX = () => {
  u8.fill(0, X, X + (n * k) / 8);
  for (let i = 0; i < n; i++)
    for (let q = 0; q < k; q++) u8[X + (i * k) / 8 + (q >> 3)] |= xb[i * k + q] << (q & 7);
};
const packW = (rows, unit) => {
  u8.fill(0, W, W + (m * k) / 8);
  for (let j = 0; j < m; j++)
    for (let q = 0; q < k; q++) {
      const b = q >> 3;
      u8[
        W +
          (Math.floor(j / rows) * rows * k) / 8 +
          (Math.floor(b / unit) * rows + (j % rows)) * unit +
          (b % unit)
      ] |= wb[j * k + q] << (q & 7);
    }
};
const pop = [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4];
const nib = (b, o) => b[o] | (b[o + 1] << 1) | (b[o + 2] << 2) | (b[o + 3] << 3);
const packLut = rows => () => {
  for (let i = 0; i < n; i++)
    for (let g = 0; g < groups; g++) {
      const a = nib(xb, i * k + 4 * g);
      for (let t = 0; t < 16; t++) u8[X + (i * groups + g) * 16 + t] = pop[a ^ t];
    }
  for (let j = 0; j < m; j++)
    for (let g = 0; g < groups; g++)
      u8[W + Math.floor(j / rows) * rows * groups + g * rows + (j % rows)] = nib(wb, j * k + 4 * g);
};
const bits =
  (rows, unit = 16) =>
  () => {
    packX();
    packW(rows, unit);
  };
const list = {
  popcnt1x4: [bits(4), vec],
  popcnt2x4: [bits(4), vec],
  csa1x2: [bits(4), vec],
  scalar1x4: [bits(4, 8), vec],
  scalar2x4: [bits(4, 8), vec],
  scalar2x2: [bits(2, 8), vec],
  lut4x32: [packLut(32), groups, 63],
  lut8x16: [packLut(16), groups, 63],
  lut2x32: [packLut(32), groups, 63],
  'lut4x32/21': [packLut(32), groups, 21],
  'lut4x32/16': [packLut(32), groups, 16],
};
const out = new Int32Array(memory.buffer, T, n * m);
const best = {};
const ceil = ['ceiling4', 'ceiling8', 'ceiling64'];
const time = (name, f, ops) => {
  let b = Infinity;
  const end = performance.now() + 60;
  while (performance.now() < end) {
    const t = performance.now();
    f();
    b = Math.min(b, performance.now() - t);
  }
  best[name] = Math.max(best[name] ?? 0, ops / b / 1e6);
};
for (let round = 0; round < 6; round++) {
  for (const c of ceil)
    time(c, () => e[c](X, 20000), 20000 * (c === 'ceiling8' ? 8 * 128 : c === 'ceiling4' ? 4 * 128 : 4 * 64));
  for (const [name, [pack, ...args]] of Object.entries(list)) {
    pack();
    const f = e[name.split('/')[0]];
    out.fill(-1);
    f(T, X, W, m, n, ...args);
    if (!round)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < m; j += 7)
          if (out[i * m + j] !== want[i * m + j]) {
            console.log(name, 'WRONG', i, j, out[i * m + j], want[i * m + j]);
            i = n;
            break;
          }
    time(name, () => f(T, X, W, m, n, ...args), m * n * k);
  }
}
for (const [k2, v] of Object.entries(best)) console.log(k2.padEnd(14), v.toFixed(1));
