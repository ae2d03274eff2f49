import type { EpochMetrics } from '@apb/trainer';
import { bytes, percent } from '../ui/output.js';
import { type BarPart, bars } from './charts/bars.js';
import { type CurvePoint, curve } from './charts/curve.js';
import { drawn } from './charts/svg.js';
import { weightHistogram } from './charts/weights.js';
import type { LayerHistogram } from './layerHistograms.js';
import { figure, grid, htmlTable, page, section } from './page.js';
import type { Source } from './source.js';

interface Curve {
  readonly title: string;
  readonly axis: string;
  readonly format: string;
  /** Whether it says nothing of a run without compressed layers. */
  readonly compressedOnly?: boolean;
  /** The values of an epoch by the part that they tell of. The first part is drawn as a whole line. */
  values(m: EpochMetrics & { validationTop1?: number }): Readonly<Record<string, number | undefined>>;
}

const CURVES: readonly Curve[] = [
  {
    title: 'Loss',
    axis: 'cross-entropy, nats',
    format: '~g',
    values: m => ({ training: m.trainLoss }),
  },
  {
    title: 'Top-1',
    axis: 'top-1',
    format: '~%',
    values: m => ({ test: m.testTop1, 'held out': m.validationTop1, training: m.trainTop1 }),
  },
  {
    title: 'Bits per weight',
    axis: 'bits',
    format: '~g',
    compressedOnly: true,
    values: m => ({ 'compressed layers': m.bitsPerWeight }),
  },
  {
    title: 'Weights in full precision',
    axis: 'share',
    format: '~%',
    compressedOnly: true,
    values: m => ({ 'compressed layers': m.fullPrecisionShare }),
  },
];

/** The report on runs and model files as one HTML page. */
export async function reportPage(sources: readonly Source[]): Promise<string> {
  const title = sources.length === 1 ? `Report: ${sources[0].name}` : `Report: ${sources.length} networks`;
  return page(title, introduction(sources), [
    section('Overview', overview(sources)),
    ...(await curves(sources.filter(s => s.epochs.length > 0))),
    ...(await Promise.all(sources.map(details))),
  ]);
}

function introduction(sources: readonly Source[]): string {
  const runs = sources.filter(s => s.kind === 'run').length;
  const models = sources.length - runs;
  const parts = [
    runs ? `${runs} training run${runs > 1 ? 's' : ''}` : '',
    models ? `${models} model file${models > 1 ? 's' : ''}` : '',
  ];
  return `Made by apb report from ${parts.filter(Boolean).join(' and ')}. Bits per weight follow the paper's accounting (arXiv 2306.08960) over the compressed layers.`;
}

function overview(sources: readonly Source[]): string {
  const rows = sources.map(s => {
    const last = s.epochs.at(-1);
    const setting = (key: string) => String(s.config?.[key] ?? s.model?.provenance[key] ?? '-');
    const compressed = s.memory?.totals.compressed;
    const bits = last?.bitsPerWeight ?? (compressed?.weights ? compressed.bitsPerWeight : 32);
    return [
      s.name,
      setting('model'),
      setting('data'),
      setting('weights'),
      setting('activations'),
      s.kind === 'run' ? `${s.epochs.length} of ${setting('epochs')}` : setting('epochs'),
      last?.testTop1 === undefined ? '-' : percent(last.testTop1),
      bits.toFixed(3),
      last ? percent(last.fullPrecisionShare) : shareOf(s),
      s.fileBytes === undefined ? '-' : bytes(s.fileBytes),
    ];
  });
  return htmlTable(
    'Networks',
    [
      'network',
      'model',
      'data',
      'weights',
      'activations',
      'epochs',
      'test top-1',
      'bits/weight',
      'full precision',
      'file',
    ],
    rows,
  );
}

function shareOf({ memory }: Source): string {
  const layers = memory?.layers.filter(l => l.encoding !== 'float') ?? [];
  if (layers.length === 0) return percent(1);
  const sum = (of: (layer: (typeof layers)[number]) => number) => layers.reduce((t, l) => t + of(l), 0);
  return percent(sum(l => l.fullPrecision) / sum(l => l.weights));
}

async function curves(runs: readonly Source[]): Promise<string[]> {
  const figures = await Promise.all(CURVES.map(own => curveFigure(own, runs)));
  const drawable = figures.filter(f => f !== '');
  return drawable.length === 0 ? [] : [section('Training', grid(drawable))];
}

async function curveFigure({ title, axis, format, compressedOnly, values }: Curve, runs: readonly Source[]) {
  const shown = runs.filter(run => !compressedOnly || run.epochs.some(m => m.layers.length > 0));
  const points = shown.flatMap(({ name, epochs }) =>
    epochs.flatMap(m =>
      Object.entries(values(m)).flatMap(([part, value]): CurvePoint[] =>
        Number.isFinite(value) ? [{ run: name, part, epoch: m.epoch, value: value! }] : [],
      ),
    ),
  );
  if (points.length === 0) return '';
  const lines = [...new Set(points.map(lineOf))];
  const lastOf = (line: string) =>
    points
      .filter(p => lineOf(p) === line)
      .at(-1)!
      .value.toPrecision(4);
  const ends = lines.map(line => `${line} ends at ${lastOf(line)}`);
  return figure({
    title,
    svg: await drawn(
      curve(
        points,
        runs.map(run => run.name),
        axis,
        format,
      ),
      `${title} over epochs: ${ends.join('; ')}`,
    ),
    table: htmlTable(title, ['epoch', ...lines], epochRows(points, lines)),
  });
}

function lineOf({ run, part }: CurvePoint): string {
  return `${run}, ${part}`;
}

function epochRows(points: readonly CurvePoint[], lines: readonly string[]): (string | number)[][] {
  const epochs = [...new Set(points.map(p => p.epoch))].sort((a, b) => a - b);
  const values = new Map(points.map(p => [`${p.epoch} ${lineOf(p)}`, p.value]));
  return epochs.map(epoch => [
    epoch,
    ...lines.map(line => values.get(`${epoch} ${line}`)?.toPrecision(5) ?? '-'),
  ]);
}

/** All that is shown of one network alone. */
async function details(source: Source): Promise<string> {
  return section(
    source.name,
    ...(await layerBars(source)),
    ...(await histograms(source)),
    accountings(source),
    settings(source),
  );
}

async function layerBars(source: Source): Promise<string[]> {
  const figures: string[] = [];
  const { bits, shares } = layerParts(source);
  if (bits.length > 0)
    figures.push(
      figure({
        title: 'Bits per weight by layer',
        svg: await drawn(
          bars(bits, 'bits per weight'),
          `Bits per weight of ${bits.length} compressed layers, from ${least(bits)} to ${most(bits)}`,
        ),
        table: partTable('Bits per weight', bits, value => value.toFixed(3)),
      }),
    );
  if (shares.length > 0)
    figures.push(
      figure({
        title: 'Weights in full precision by layer',
        svg: await drawn(
          bars(shares, 'share', { format: '~%' }),
          `Share of weights in full precision, by layer: at most ${most(shares)} on one side of the interval`,
        ),
        table: partTable('Share in full precision', shares, value => percent(value)),
      }),
    );
  const inputs = (source.epochs.at(-1)?.inputs ?? []).map(({ layer, largestShare }) => ({
    name: layer,
    part: 'most frequent code',
    value: largestShare,
  }));
  if (inputs.length > 0)
    figures.push(
      figure({
        title: 'Quantized inputs: share of the most frequent code',
        svg: await drawn(
          bars(inputs, 'share', { format: '~%', domain: [0, 1] }),
          `Share of the most frequent code of ${inputs.length} quantized inputs, from ${least(inputs)} to ${most(inputs)}`,
        ),
        note: 'An input at 100 % tells its layer nothing.',
        table: partTable('Most frequent code', inputs, value => percent(value)),
      }),
    );
  return figures.length === 0 ? [] : [grid(figures)];
}

/** From the file where there is one, with both sides of the interval from the run's last epoch. */
function layerParts({ memory, epochs }: Source): { bits: BarPart[]; shares: BarPart[] } {
  const layers = memory?.layers.filter(l => l.encoding !== 'float') ?? [];
  const bits = layers.map(l => ({ name: l.name, part: 'bits', value: l.bitsPerWeight }));
  const last = epochs.at(-1)?.layers ?? [];
  const sides = last.flatMap(l => [
    { name: l.layer, part: 'below the interval', value: l.below },
    { name: l.layer, part: 'above', value: l.above },
  ]);
  const whole = layers.map(l => ({ name: l.name, part: 'full precision', value: l.fullPrecisionShare }));
  return { bits, shares: sides.length > 0 ? sides : whole };
}

function partTable(caption: string, parts: readonly BarPart[], show: (value: number) => string): string {
  const kinds = [...new Set(parts.map(p => p.part))];
  const names = [...new Set(parts.map(p => p.name))];
  const values = new Map(parts.map(p => [`${p.name} ${p.part}`, show(p.value)]));
  return htmlTable(
    caption,
    ['layer', ...kinds],
    names.map(name => [name, ...kinds.map(kind => values.get(`${name} ${kind}`) ?? '-')]),
  );
}

const least = (parts: readonly BarPart[]) => Math.min(...parts.map(p => p.value)).toPrecision(3);
const most = (parts: readonly BarPart[]) => Math.max(...parts.map(p => p.value)).toPrecision(3);

async function histograms({ histograms }: Source): Promise<string[]> {
  if (histograms.length === 0) return [];
  const figures = await Promise.all(histograms.map(histogramFigure));
  const latent = histograms.some(h => h.latent);
  const heading = latent ? 'Weights that training moves' : 'Weights as they are stored';
  const words = [
    histograms.some(h => h.histogram.bands.length > 0)
      ? 'The band is the binarized interval alpha - delta to alpha + delta, on both signs; dashed lines are alpha and -alpha.'
      : '',
    !latent && histograms.some(h => h.alpha !== undefined)
      ? 'Binarized weights stand at alpha and -alpha; the interval that they come from is known to a training run only.'
      : '',
    'Counts are logarithmic.',
  ].filter(Boolean);
  return [`<h3>${heading}</h3>`, `<p class="note">${words.join(' ')}</p>`, grid(figures, 'small')];
}

async function histogramFigure(own: LayerHistogram): Promise<string> {
  const { layer, histogram, alpha, channels, delta } = own;
  const counts = new Map<string, number>();
  for (const { kind, count } of histogram.bins) counts.set(kind, (counts.get(kind) ?? 0) + count);
  const total = [...counts.values()].reduce((a, b) => a + b, 0);
  const shares = [...counts].map(([kind, count]) => `${kind} ${percent(count / total)}`).join(', ');
  const scales = [
    alpha === undefined
      ? ''
      : `alpha ${alpha.toPrecision(3)}${channels ? ` (mean of ${channels} channels)` : ''}`,
    delta === undefined ? '' : `delta ${delta.toPrecision(3)}`,
  ].filter(Boolean);
  return figure({
    title: layer,
    svg: await drawn(weightHistogram(histogram), `Histogram of ${total} weights of ${layer}: ${shares}`),
    note: [`${total} weights: ${shares}`, ...scales].join('; '),
  });
}

function accountings({ memory, kind }: Source): string {
  if (!memory)
    return kind === 'run'
      ? '<p>The model file, and with it the table of bytes, is written when the run ends.</p>'
      : '';
  const inBytes = (bits: number) => bytes(Math.ceil(bits / 8));
  const { compressed, model } = memory.totals;
  const rows = [
    ...memory.layers.map(l => [
      l.name,
      l.encoding,
      l.shape.join('x'),
      l.weights,
      percent(l.fullPrecisionShare),
      l.bitsPerWeight.toFixed(3),
      inBytes(l.bits.paper),
      inBytes(l.bits.releasedCode),
      inBytes(l.bits.file),
    ]),
    ...[['compressed layers', compressed] as const, ['whole model', model] as const].map(([name, t]) => [
      name,
      '-',
      '-',
      t.weights,
      '-',
      t.bitsPerWeight.toFixed(3),
      inBytes(t.paper),
      inBytes(t.releasedCode),
      inBytes(t.file),
    ]),
  ];
  return htmlTable(
    'Memory by three accountings: the paper, its released code, and the file',
    [
      'layer',
      'encoding',
      'shape',
      'weights',
      'full precision',
      'bits/weight',
      'paper',
      'released code',
      'file',
    ],
    rows,
  );
}

function settings({ config, model }: Source): string {
  const found = config ?? model?.provenance ?? {};
  const rows = Object.entries(found).map(([key, value]) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  if (rows.length === 0) return '';
  const name = config ? 'Settings of the run' : 'Where the model comes from';
  return `<details><summary>${name}</summary>${htmlTable(name, ['setting', 'value'], rows)}</details>`;
}
