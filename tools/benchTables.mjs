// Writes the tables of the docs from what the benches print:
//   pnpm apb bench kernels --json > k1.json (three times), pnpm apb bench layers --peers onnxruntime --json > layers.json,
//   pnpm apb bench model --peers onnxruntime --batch 1,64 --json > models.json
//   node tools/benchTables.mjs kernels k1.json k2.json k3.json
//   node tools/benchTables.mjs layers layers.json
//   node tools/benchTables.mjs models models.json
// and for WebAssembly, as guide/wasm.md says: wasm-kernels, wasm-layers, wasm-relaxed, wasm-chromium
// A table stands between <!-- table:NAME --> and <!-- /table --> in a page; several files of kernels become medians.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const GUIDE = join(import.meta.dirname, '../apps/docs/guide');

const percent = share => (share === null || share === undefined ? '' : `${Math.round(100 * share)} %`);
const ratio = (value, digits = 2) => (value === null || value === undefined ? '' : value.toFixed(digits));

function median(values) {
  const sorted = values.filter(v => v !== null && v !== undefined).sort((a, b) => a - b);
  return sorted.length ? sorted[sorted.length >> 1] : null;
}

/** A row of every key's medians over several runs of one bench. */
function medians(runs, list, keyOf) {
  const groups = new Map();
  for (const row of runs.flatMap(run => run[list]))
    groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return [...groups.values()].map(rows => {
    const merged = { ...rows[0] };
    for (const [name, value] of Object.entries(merged))
      if (typeof value === 'number') merged[name] = median(rows.map(row => row[name]));
    return merged;
  });
}

function markdown(head, rows) {
  const line = cells => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const machine = ({ cpu, isa, threads, chromium }) =>
  [cpu, isa, `threads: ${threads}`, ...(chromium ? [`Chromium ${chromium}`] : [])].join(', ');
const shapeOf = ({ m, k, n }) => `${m},${k},${n}`;

function kernelsTable(runs) {
  const rows = medians(runs, 'rows', r => [shapeOf(r), r.op, r.variant].join());
  const ours = rows.filter(({ variant }) => variant === 'apb');
  const sparse = medians(runs, 'sparse', r => [shapeOf(r), r.fullPrecisionShare].join());
  const cell = (shape, op) => ours.find(r => shapeOf(r) === shape && r.op === op);
  const extra = (shape, share) =>
    percent(sparse.find(r => shapeOf(r) === shape && r.fullPrecisionShare === share)?.overhead);
  const shapes = [...new Set(ours.filter(({ m, n }) => m >= 64 && n >= 25).map(shapeOf))];
  const table = markdown(
    [
      'm,k,n',
      '1/1',
      'of the ceiling',
      'of the paper',
      '1/2',
      'of half',
      'of the paper',
      '2/2',
      'of a quarter',
      'of the paper',
      '1/8',
      '1/32',
      'sparse 0.1 %',
      'sparse 1 %',
    ],
    shapes.map(shape => [
      shape,
      ...['1/1', '1/2', '2/2'].flatMap(op => {
        const r = cell(shape, op);
        return [Math.round(r.gmacs), percent(r.shareOfCeiling), ratio(r.vsPaper)];
      }),
      ...['1/8', '1/32'].map(op => Math.round(cell(shape, op).gmacs)),
      extra(shape, 0.001),
      extra(shape, 0.01),
    ]),
  );
  const ceiling = Math.round(median(runs.map(run => run.ceilingGmacs)));
  return `${machine(runs[0])}; ceiling ${ceiling} GMAC/s.\n\n${table}`;
}

function layersTable([run]) {
  const rows = run.rows.filter(
    ({ fullPrecisionShare, op }) => fullPrecisionShare === 0.01 && ['1/1', '1/2'].includes(op),
  );
  const cell = (shape, mode, op) => rows.find(r => shapeOf(r) === shape && r.mode === mode && r.op === op);
  const table = markdown(
    [
      'm,k,n',
      'chain 1/1, us',
      'vs QLinear',
      'chain 1/2, us',
      'vs QLinear',
      'float 1/1, us',
      'vs fp32',
      'vs QLinear',
      'float 1/2, us',
      'vs fp32',
      'vs QLinear',
    ],
    [...new Set(rows.map(shapeOf))].map(shape => [
      shape,
      ...['1/1', '1/2'].flatMap(op => {
        const r = cell(shape, 'chain', op);
        return [r.us.toFixed(0), ratio(r.vsQLinear)];
      }),
      ...['1/1', '1/2'].flatMap(op => {
        const r = cell(shape, 'float', op);
        return [r.us.toFixed(0), ratio(r.vsFp32, 1), ratio(r.vsQLinear)];
      }),
    ]),
  );
  return `${machine(run)}; onnxruntime ${run.peers[0].version}.\n\n${table}`;
}

function modelsTable([run]) {
  const megabytes = bytes => (bytes / 1e6).toFixed(2);
  const table = markdown(
    [
      'network',
      'weights / activations',
      'batch',
      'ms',
      'vs fp32',
      'vs QLinear',
      'compressed weights, MB',
      'times smaller',
      'all weights, MB',
      'times smaller',
      'peak, MB',
      'fp32 peak, MB',
    ],
    run.rows.map(r => [
      r.network ?? r.model,
      r.op,
      r.batch,
      r.ms.toFixed(2),
      ratio(r.vsFp32),
      ratio(r.vsQLinear),
      megabytes(r.weightBytes),
      ratio(r.floatWeightBytes / r.weightBytes, 1),
      megabytes(r.networkWeightBytes),
      ratio(r.floatNetworkBytes / r.networkWeightBytes, 1),
      r.peakBytes ? Math.round(r.peakBytes / 1e6) : '',
      r.fp32PeakBytes ? Math.round(r.fp32PeakBytes / 1e6) : '',
    ]),
  );
  return `${machine(run)}; onnxruntime ${run.peers[0].version}.\n\n${table}`;
}

function wasmKernelsTable(runs) {
  const rows = medians(runs, 'rows', r => [shapeOf(r), r.op, r.variant].join());
  const ops = ['1/1', '1/2', '1/4', '1/8', '2/2'];
  const cell = (shape, build, op) => {
    const r = rows.find(row => shapeOf(row) === shape && row.variant === build && row.op === op);
    return `${Math.round(r.gmacs)} (${percent(r.shareOfCeiling)})`;
  };
  const builds = [...new Set(rows.map(({ variant }) => variant))];
  const table = markdown(
    ['m,k,n', 'build', ...ops],
    [...new Set(rows.map(shapeOf))].flatMap(shape =>
      builds.map(build => [shape, build, ...ops.map(op => cell(shape, build, op))]),
    ),
  );
  const ceiling = Math.round(median(runs.map(run => run.ceilingGmacs)));
  return `${runs[0].cpu}; i8x16.popcnt on registers ${ceiling} GMAC/s.\n\n${table}`;
}

/** Fastest calls: ours of one instruction set, other libraries' of all runs, since it is not theirs. */
const wasmLayersTable = isa => runs => {
  const ours = runs.filter(run => run.isa === isa);
  const least = values => Math.min(...values);
  const cells = (shape, op) => {
    const of = list =>
      list
        .flatMap(run => run.rows)
        .filter(
          r => r.mode === 'float' && r.fullPrecisionShare === 0.01 && r.op === op && shapeOf(r) === shape,
        );
    const us = least(of(ours).map(r => r.us));
    const peer = kind => least(of(runs).flatMap(r => r.peers.filter(p => p.kind === kind).map(p => p.us)));
    const [{ m, k, n }] = of(ours);
    const gmacs = Math.round((m * k * n) / us / 1e3);
    return [us.toFixed(0), gmacs, ratio(peer('fp32') / us, 1), ratio(peer('qlinear') / us, 1)];
  };
  const head = op => [`${op}, us`, 'GMAC/s', 'vs fp32', 'vs QLinear'];
  const table = markdown(
    ['m,k,n', ...head('1/1'), ...head('1/2')],
    [...new Set(ours.flatMap(run => run.rows).map(shapeOf))].map(shape => [
      shape,
      ...cells(shape, '1/1'),
      ...cells(shape, '1/2'),
    ]),
  );
  const peers = ours[0].peers.map(({ name, version }) => `${name} ${version}`).join(', ');
  return `${machine(ours[0])}; ${peers}.\n\n${table}`;
};

const TABLES = {
  kernels: { page: 'kernels.md', make: kernelsTable },
  layers: { page: 'networks.md', make: layersTable },
  models: { page: 'networks.md', make: modelsTable },
  'wasm-kernels': { page: 'wasm.md', make: wasmKernelsTable },
  'wasm-layers': { page: 'wasm.md', make: wasmLayersTable('simd128') },
  'wasm-relaxed': { page: 'wasm.md', make: wasmLayersTable('relaxed-simd') },
  'wasm-chromium': { page: 'wasm.md', make: wasmLayersTable('relaxed-simd') },
};

const [name, ...files] = process.argv.slice(2);
if (!Object.hasOwn(TABLES, name ?? '') || files.length === 0) {
  console.error(
    `usage: node tools/benchTables.mjs NAME FILE.json..., NAME one of ${Object.keys(TABLES).join(', ')}`,
  );
  process.exit(2);
}
const { page, make } = TABLES[name];
const file = join(GUIDE, page);
const table = make(files.map(path => JSON.parse(readFileSync(path, 'utf8'))));
const text = readFileSync(file, 'utf8');
const between = new RegExp(`(<!-- table:${name} -->\n)[^]*?(<!-- /table -->)`);
if (!between.test(text)) throw new Error(`${file} has no place for the table ${name}`);
writeFileSync(
  file,
  text.replace(between, (_, begin, end) => `${begin}${table}\n${end}`),
);
