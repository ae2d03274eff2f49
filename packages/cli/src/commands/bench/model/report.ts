import { bytes, percent, table } from '../../../ui/output.js';
import type { ModelRow } from './measure.js';
import type { ProfiledStep } from './profile.js';

export interface ModelReport {
  readonly cpu: string;
  readonly backend: string;
  readonly isa: string;
  readonly threads: number;
  readonly peers: readonly { readonly name: string; readonly version: string }[];
  readonly rows: readonly ModelRow[];
}

/** Tables for people. */
export function modelReport({ cpu, backend, isa, threads, peers, rows }: ModelReport): string {
  return [
    `${cpu}, ${backend} ${isa}, threads: ${threads}`,
    ...peers.map(({ name, version }) => `${name} ${version}`),
    '',
    'Time of a batch, calls from JavaScript included:',
    timeTable(rows),
    '',
    'Memory: weights as they are prepared and as float32, and the peak of a process that runs the network:',
    memoryTable(rows),
    ...rows.flatMap(profileSection),
  ].join('\n');
}

function timeTable(rows: readonly ModelRow[]): string {
  const compared = rows.some(row => row.peers.length > 0);
  const peerHead = ['fp32, ms', 'vs fp32', 'QLinear, ms', 'vs QLinear'];
  return table(
    ['network', 'op', 'batch', 'ms', 'ms/picture', 'GMAC/s', ...(compared ? peerHead : [])],
    rows.map(r => [
      r.model,
      r.op,
      r.batch,
      r.ms.toFixed(2),
      r.msPerPicture.toFixed(3),
      ((r.macs * r.batch) / r.us / 1e3).toFixed(0),
      ...(compared ? [ms(r.fp32Ms), ratio(r.vsFp32), ms(r.qlinearMs), ratio(r.vsQLinear)] : []),
    ]),
  );
}

function memoryTable(rows: readonly ModelRow[]): string {
  const compared = rows.some(row => row.peers.length > 0);
  return table(
    [
      ...['network', 'op', 'batch', 'compressed', 'as float', 'all weights', 'as float', 'peak'],
      ...(compared ? ['peak fp32', 'peak QLinear'] : []),
    ],
    rows.map(r => [
      r.model,
      r.op,
      r.batch,
      size(r.weightBytes),
      bytes(r.floatWeightBytes),
      size(r.networkWeightBytes),
      bytes(r.floatNetworkBytes),
      size(r.peakBytes),
      ...(compared ? [size(r.fp32PeakBytes), size(r.qlinearPeakBytes)] : []),
    ]),
  );
}

function profileSection(row: ModelRow): string[] {
  if (row.profile === undefined) return [];
  return ['', `${row.model} ${row.op}, ${row.batch} at once, by step:`, profileTable(row.profile)];
}

function profileTable(steps: readonly ProfiledStep[]): string {
  const total = steps.reduce((sum, step) => sum + step.us, 0);
  return table(
    ['nodes', 'op', 'product', 'us', 'share'],
    steps.map(({ nodes, op, product, us }) => [
      nodes.join(' '),
      op,
      product ?? '',
      us.toFixed(1),
      percent(total > 0 ? us / total : 0, 1),
    ]),
  );
}

function ms(value: number | null): string {
  return value === null ? '' : value.toFixed(2);
}

function ratio(value: number | null): string {
  return value === null ? '' : `${value.toFixed(2)} x`;
}

function size(count: number | null): string {
  return count === null ? '' : bytes(count);
}
