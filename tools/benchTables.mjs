// Writes the tables of the docs from what the benches print:
//   pnpm apb bench kernels --json > k1.json (three times), pnpm apb bench layers --peers onnxruntime --json > layers.json,
//   pnpm apb bench model --peers onnxruntime --batch 1,64 --json > models.json
//   node tools/benchTables.mjs kernels k1.json k2.json k3.json
//   node tools/benchTables.mjs layers layers.json
//   node tools/benchTables.mjs models models.json
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

const machine = run => `${run.cpu}, ${run.isa}, threads: ${run.threads}`;
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

const TABLES = {
  kernels: { page: 'kernels.md', make: kernelsTable },
  layers: { page: 'networks.md', make: layersTable },
  models: { page: 'networks.md', make: modelsTable },
};

const [name, ...files] = process.argv.slice(2);
if (!Object.hasOwn(TABLES, name ?? '') || files.length === 0) {
  console.error('usage: node tools/benchTables.mjs kernels|layers|models FILE.json...');
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
