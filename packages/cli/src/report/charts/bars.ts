import type { ChartSpec } from './svg.js';

/** A part of a horizontal bar. */
export interface BarPart {
  readonly name: string;
  readonly part: string;
  readonly value: number;
}

/** Horizontal bars in the given order, stacked of parts. */
export function bars(
  parts: readonly BarPart[],
  title: string,
  { format = '~g', domain }: { format?: string; domain?: [number, number] } = {},
): ChartSpec {
  const kinds = [...new Set(parts.map(p => p.part))];
  return {
    width: 360,
    height: { step: 18 },
    data: { values: parts as BarPart[] },
    mark: { type: 'bar' },
    encoding: {
      y: { field: 'name', type: 'nominal', sort: null, title: null, axis: { labelLimit: 180 } },
      x: {
        field: 'value',
        type: 'quantitative',
        title,
        axis: { format, tickCount: 5 },
        ...(domain && { scale: { domain } }),
      },
      color: {
        field: 'part',
        type: 'nominal',
        scale: { domain: kinds },
        legend: kinds.length > 1 ? {} : null,
      },
      order: { field: 'order', type: 'quantitative' },
    },
    transform: [{ calculate: `indexof(${JSON.stringify(kinds)}, datum.part)`, as: 'order' }],
  } as ChartSpec;
}
