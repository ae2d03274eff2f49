import type { LayerRow } from './measure.js';

/** Over all shapes of one mode, op and share. */
export interface LayerSummary extends Pick<LayerRow, 'mode' | 'op' | 'fullPrecisionShare'> {
  /** Geometric means and least values of the ratios; null where one is missing. */
  readonly vsFp32: number | null;
  readonly vsQLinear: number | null;
  readonly leastVsFp32: number | null;
  readonly leastVsQLinear: number | null;
}

export function summaryOf(rows: readonly LayerRow[]): LayerSummary[] {
  const groups = new Map<string, LayerRow[]>();
  for (const row of rows) {
    const key = `${row.mode} ${row.op} ${row.fullPrecisionShare}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map(group => {
    const { mode, op, fullPrecisionShare } = group[0];
    const ratios = (of: 'vsFp32' | 'vsQLinear') => group.map(row => row[of]);
    return {
      mode,
      op,
      fullPrecisionShare,
      vsFp32: ofAll(ratios('vsFp32'), geometricMean),
      vsQLinear: ofAll(ratios('vsQLinear'), geometricMean),
      leastVsFp32: ofAll(ratios('vsFp32'), list => Math.min(...list)),
      leastVsQLinear: ofAll(ratios('vsQLinear'), list => Math.min(...list)),
    };
  });
}

function ofAll(values: readonly (number | null)[], reduce: (list: number[]) => number): number | null {
  const numbers = values.filter(value => value !== null);
  return numbers.length === values.length ? reduce(numbers) : null;
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
