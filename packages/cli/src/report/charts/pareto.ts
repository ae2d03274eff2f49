import type { ChartSpec } from './svg.js';

/** A method's place. */
export interface ParetoPoint {
  readonly name: string;
  /** Kind of weights: a colour. */
  readonly series: string;
  /** Bits of activations: a shape. */
  readonly activations: string;
  readonly bytes: number;
  readonly top1: number;
  /** Standard deviation over seeds, 0 where it is not known. */
  readonly std: number;
  readonly pareto: boolean;
}

/**
 * Top-1 against bytes; points of a series are joined, a dashed line joins those that nothing beats in both, which alone
 * are named: the others would hide each other's names.
 */
export function paretoChart(points: readonly ParetoPoint[]): ChartSpec {
  const rows = points.map(p => ({ ...p, low: p.top1 - p.std, high: p.top1 + p.std }));
  const x = {
    field: 'bytes',
    type: 'quantitative',
    scale: { type: 'log', nice: false, padding: 24 },
  } as const;
  const y = { type: 'quantitative', scale: { zero: false, padding: 16 } } as const;
  const color = {
    field: 'series',
    type: 'nominal',
    scale: { domain: [...new Set(points.map(p => p.series))] },
    legend: { columns: 4, symbolOpacity: 1, symbolType: 'circle', symbolStrokeWidth: 0 },
  } as const;
  const shapes = [...new Set(points.map(p => p.activations))];
  return {
    width: 620,
    height: 360,
    data: { values: rows },
    layer: [
      {
        transform: [{ filter: 'datum.pareto' }],
        mark: {
          type: 'line',
          color: 'var(--ink)',
          strokeDash: [5, 4],
          strokeWidth: 1.5,
          interpolate: 'step-after',
        },
        encoding: { x, y: { field: 'top1', ...y } },
      },
      {
        mark: { type: 'line', strokeWidth: 1, opacity: 0.6 },
        encoding: { x, y: { field: 'top1', ...y }, color, detail: { field: 'activations' } },
      },
      {
        transform: [{ filter: 'datum.std > 0' }],
        mark: { type: 'rule' },
        encoding: { x, y: { field: 'low', ...y }, y2: { field: 'high' }, color },
      },
      {
        mark: { type: 'point', filled: true, size: 90, opacity: 1 },
        encoding: {
          x: { ...x, title: 'bytes of the model file', axis: { format: '~s', grid: false, tickCount: 6 } },
          y: { field: 'top1', ...y, title: 'top-1', axis: { format: '~%' } },
          color,
          shape: {
            field: 'activations',
            type: 'nominal',
            scale: { domain: shapes },
            legend:
              shapes.length > 1
                ? { columns: 1, symbolOpacity: 1, symbolFillColor: 'var(--ink)', symbolStrokeWidth: 0 }
                : null,
          },
        },
      },
      {
        transform: [{ filter: 'datum.pareto' }],
        mark: { type: 'text', dy: -11, fontSize: 11, color: 'var(--ink)' },
        encoding: { x, y: { field: 'top1', ...y }, text: { field: 'name' } },
      },
    ],
  } as unknown as ChartSpec;
}
