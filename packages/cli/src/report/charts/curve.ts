import type { ChartSpec } from './svg.js';

/** One value of one line: lines have the colour of their run and the dashes of their part. */
export interface CurvePoint {
  readonly run: string;
  readonly part: string;
  readonly epoch: number;
  readonly value: number;
}

/**
 * Lines over epochs.
 * @param all runs in the order of their colours; those without points are left out of the legend
 */
export function curve(
  points: readonly CurvePoint[],
  all: readonly string[],
  title: string,
  format: string,
): ChartSpec {
  const [runs, parts] = [[...new Set(points.map(p => p.run))], [...new Set(points.map(p => p.part))]];
  const epochs = Math.max(...points.map(p => p.epoch));
  const legend = { columns: 1, symbolType: 'stroke' };
  return {
    width: 440,
    height: 220,
    data: { values: points as CurvePoint[] },
    mark: { type: 'line', point: epochs <= 40 ? { size: 30 } : false },
    encoding: {
      x: {
        field: 'epoch',
        type: 'quantitative',
        title: 'epoch',
        axis: { tickMinStep: 1, grid: false, format: 'd', labelFlush: false },
        scale: { domain: [epochs === 1 ? 0 : 1, epochs === 1 ? 2 : epochs] },
      },
      y: {
        field: 'value',
        type: 'quantitative',
        title,
        axis: { format, tickCount: 5 },
        scale: { zero: false },
      },
      color: {
        field: 'run',
        type: 'nominal',
        scale: { domain: [...all] },
        legend: all.length > 1 ? { ...legend, values: runs } : null,
      },
      strokeDash: {
        field: 'part',
        type: 'nominal',
        scale: {
          domain: parts,
          range: [
            [1, 0],
            [6, 4],
            [2, 2],
          ],
        },
        legend: parts.length > 1 ? legend : null,
      },
    },
  } as ChartSpec;
}
