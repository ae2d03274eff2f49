import type { Bin, WeightHistogram } from '../histogram.js';
import type { ChartSpec } from './svg.js';

/** The order of colours: what is binarized or on a level, what is kept, what is zero. */
const KINDS = ['binarized', 'full precision', 'quantized', 'kept', 'zero'];

/**
 * How many weights have which value, on a logarithmic axis: the few in full precision would not be seen beside the
 * many. Bands mark the binarized interval, dashed lines alpha and -alpha.
 */
export function weightHistogram({ bins, bands, lines, range }: WeightHistogram): ChartSpec {
  const most = Math.max(...bins.map(bin => bin.count));
  const kinds = KINDS.filter(kind => bins.some(bin => bin.kind === kind));
  const x = { type: 'quantitative', title: 'weight', scale: { domain: [...range], nice: false } } as const;
  // A count of one must be seen: bars start below 1.
  const scale = { type: 'log', domain: [0.7, most * 1.5], nice: false } as const;
  const ticks = Array.from({ length: 8 }, (_, i) => 10 ** i).filter(tick => tick <= most);
  return {
    width: 270,
    height: 130,
    layer: [
      {
        data: { values: bands.map(([from, to]) => ({ from, to })) },
        mark: { type: 'rect', color: 'var(--band)', clip: true },
        encoding: { x: { field: 'from', ...x }, x2: { field: 'to' } },
      },
      {
        data: { values: bins as Bin[] },
        mark: { type: 'bar', clip: true, binSpacing: 0 },
        encoding: {
          x: { field: 'from', ...x, axis: { tickCount: 5, grid: false, format: '~g' } },
          x2: { field: 'to' },
          y: {
            field: 'count',
            type: 'quantitative',
            title: 'weights',
            scale,
            stack: null,
            axis: { values: ticks, format: '~s' },
          },
          y2: { datum: 0.7 },
          color: {
            field: 'kind',
            type: 'nominal',
            scale: { domain: kinds, range: kinds.map(kind => `var(${COLOUR[kind]})`) },
            legend: kinds.length > 1 ? {} : null,
          },
        },
      },
      {
        data: { values: lines.map(at => ({ at })) },
        mark: { type: 'rule', color: 'var(--ink)', strokeDash: [4, 3], clip: true },
        encoding: { x: { field: 'at', ...x } },
      },
    ],
  } as ChartSpec;
}

const COLOUR: Readonly<Record<string, string>> = {
  binarized: '--c1',
  quantized: '--c1',
  'full precision': '--c2',
  kept: '--c2',
  zero: '--c7',
};
