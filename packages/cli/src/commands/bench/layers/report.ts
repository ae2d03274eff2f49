import { bytes, percent, table } from '../../../ui/output.js';
import type { LayerRow } from './measure.js';
import type { LayerSummary } from './summary.js';

export interface LayerReport {
  readonly cpu: string;
  readonly backend: string;
  readonly isa: string;
  readonly threads: number;
  readonly peers: readonly { readonly name: string; readonly version: string; readonly callUs: number }[];
  readonly rows: readonly LayerRow[];
  readonly summary: readonly LayerSummary[];
}

/** Tables for people. */
export function layerReport({ cpu, backend, isa, threads, peers, rows, summary }: LayerReport): string {
  const compared = peers.length > 0;
  return [
    `${cpu}, ${backend} ${isa}, threads: ${threads}`,
    ...peers.map(
      ({ name, version, callUs }) =>
        `${name} ${version}: ${callUs.toFixed(1)} us for an empty call are taken off its times; ours include the call.`,
    ),
    ...section('Float in, float out, quantized inside:', rowsOf(rows, 'float')),
    ...section('Packed in, packed out, as inside a network:', rowsOf(rows, 'chain')),
    ...(compared ? ['', 'Over all shapes, geometric mean (least):', summaryTable(summary)] : []),
  ].join('\n');
}

function section(title: string, rows: readonly LayerRow[]): string[] {
  return rows.length ? ['', title, layerTable(rows)] : [];
}

function rowsOf(rows: readonly LayerRow[], mode: LayerRow['mode']): LayerRow[] {
  return rows.filter(row => row.mode === mode);
}

/** Columns that no row has anything for are left out. */
function layerTable(rows: readonly LayerRow[]): string {
  const fp32 = rows.some(row => row.fp32Us !== null);
  const qlinear = rows.some(row => row.qlinearUs !== null);
  return table(
    [
      ...['op', 'm,k,n', 'full precision', 'us', 'GMAC/s', 'weights'],
      ...(fp32 ? ['fp32, us', 'vs fp32'] : []),
      ...(qlinear ? ['QLinear, us', 'vs QLinear'] : []),
    ],
    rows.map(r => [
      r.op,
      `${r.m},${r.k},${r.n}`,
      percent(r.fullPrecisionShare, 1),
      r.us.toFixed(1),
      r.gmacs.toFixed(0),
      bytes(r.weightBytes),
      ...(fp32 ? [time(r.fp32Us), ratio(r.vsFp32)] : []),
      ...(qlinear ? [time(r.qlinearUs), ratio(r.vsQLinear)] : []),
    ]),
  );
}

function summaryTable(summary: readonly LayerSummary[]): string {
  const both = (mean: number | null, least: number | null) =>
    mean === null ? '' : `${ratio(mean)} (${ratio(least)})`;
  return table(
    ['mode', 'op', 'full precision', 'vs fp32', 'vs QLinear'],
    summary.map(s => [
      s.mode,
      s.op,
      percent(s.fullPrecisionShare, 1),
      both(s.vsFp32, s.leastVsFp32),
      both(s.vsQLinear, s.leastVsQLinear),
    ]),
  );
}

function time(us: number | null): string {
  return us === null ? '' : us.toFixed(1);
}

function ratio(value: number | null): string {
  return value === null ? '' : `${value.toFixed(2)} x`;
}
