import { InputError, type KernelBackend } from '@apb/core';
import { Random } from '../../../networks/random.js';
import type { LayerPeer, PeerLayer } from '../../../peers/layerPeer.js';
import { type Call, race } from '../race.js';
import { checkLayer } from './check.js';
import { type DeployedLayer, deploy } from './deployed.js';
import { type Layer, type LayerOp, randomLayer } from './layer.js';
import { Operands } from './operands.js';
import { type LayerShape, layoutOf } from './shape.js';

/** A peer's time for one layer. */
interface PeerTime {
  readonly name: string;
  readonly version: string;
  readonly kind: 'fp32' | 'qlinear';
  /** Microseconds, an empty call taken off. */
  readonly us: number;
}

/** One layer in one mode. */
export interface LayerRow extends LayerShape {
  /** float: float32 in and out, quantized inside. chain: packed in and out, as inside a network. */
  readonly mode: 'float' | 'chain';
  readonly op: LayerOp;
  readonly fullPrecisionShare: number;
  /** Microseconds, our call included. */
  readonly us: number;
  /** 10^9 multiply-adds a second, m * k * n in all. */
  readonly gmacs: number;
  /** Of the prepared weights, all copies. */
  readonly weightBytes: number;
  readonly peers: readonly PeerTime[];
  /** Microseconds of the fastest peer; null without one. No peer has float weights in chain mode. */
  readonly fp32Us: number | null;
  readonly qlinearUs: number | null;
  /** The fastest peer's time over ours; null also where its layer is too short to be told from its call. */
  readonly vsFp32: number | null;
  readonly vsQLinear: number | null;
}

export interface LayerBenchOptions {
  readonly shapes: readonly LayerShape[];
  readonly ops: readonly LayerOp[];
  /** Of the weights that are in full precision. */
  readonly shares: readonly number[];
  readonly peers: readonly LayerPeer[];
  /** Of each layer and peer. */
  readonly milliseconds: number;
  readonly seed: number;
  readonly onProgress: (done: number, total: number, what: string) => void;
}

/**
 * Times every layer in both modes, those of one shape and the peers round by round.
 * @throws InputError when a shape is no 3 x 3 convolution or the backend lacks a product; Error when a result is wrong
 */
export async function measureLayers(backend: KernelBackend, options: LayerBenchOptions): Promise<LayerRow[]> {
  const { shapes, ops, shares, onProgress } = options;
  for (const shape of shapes) layoutOf(shape);
  for (const op of ops)
    if (!backend.capabilities.ops.has(`conv2d:${op}`))
      throw new InputError(`the ${backend.name} backend has no convolution ${op}; leave it out of --ops`);
  const rows: LayerRow[] = [];
  const perShape = 2 * ops.length * shares.length;
  for (const [i, shape] of shapes.entries())
    rows.push(
      ...(await measureShape(backend, shape, options, (part, what) =>
        onProgress(i * perShape + part * perShape, shapes.length * perShape, what),
      )),
    );
  return rows;
}

interface Runner {
  readonly layer: Layer;
  readonly share: number;
  readonly deployed: DeployedLayer;
}

/** @param progress takes the part that is done, 0 to 1 */
async function measureShape(
  backend: KernelBackend,
  shape: LayerShape,
  { ops, shares, peers, milliseconds, seed }: LayerBenchOptions,
  progress: (part: number, what: string) => void,
): Promise<LayerRow[]> {
  const size = `${shape.m},${shape.k},${shape.n}`;
  const random = new Random(seed);
  const operands = new Operands(backend, layoutOf(shape), random);
  const runners: Runner[] = [];
  const peerLayers: PeerLayer[] = [];
  try {
    for (const op of ops)
      for (const share of shares) {
        progress(runners.length / (2 * ops.length * shares.length), `checking ${op} ${size}`);
        runners.push(await checkedRunner(backend, randomLayer(random, shape, op, share), share, operands));
      }
    for (const peer of peers) peerLayers.push(await peer.prepare(shape));
    return await raceShape(runners, peers, peerLayers, milliseconds, part =>
      progress((1 + part) / 2, `timing ${size}`),
    );
  } finally {
    for (const layer of peerLayers) await layer.dispose();
    for (const { deployed } of runners) deployed.dispose();
    operands.dispose();
  }
}

async function checkedRunner(
  backend: KernelBackend,
  layer: Layer,
  share: number,
  operands: Operands,
): Promise<Runner> {
  const deployed = deploy(backend, layer, operands);
  await checkLayer(backend, layer, deployed, operands);
  return { layer, share, deployed };
}

async function raceShape(
  runners: readonly Runner[],
  peers: readonly LayerPeer[],
  peerLayers: readonly PeerLayer[],
  milliseconds: number,
  progress: (part: number) => void,
): Promise<LayerRow[]> {
  const calls = [
    ...runners.flatMap(({ deployed: { float, chain } }) => (chain ? [float, chain] : [float])),
    ...peerLayers.flatMap(({ fp32, qlinear, qlinearChain }) => [fp32, qlinear, qlinearChain].filter(isCall)),
  ];
  const onRound = (done: number, rounds: number) => progress(done / rounds);
  const times = await race(calls, milliseconds, { onRound });
  const timeOf = new Map<Call, number>(calls.map((call, i) => [call, times[i]]));
  const rowsOf = (mode: LayerRow['mode']) => {
    const compared = peers.flatMap((peer, i) => peerTimes(peer, peerLayers[i], mode, timeOf));
    return runners
      .filter(({ deployed }) => deployed[mode])
      .map(runner => rowOf(runner, mode, timeOf.get(runner.deployed[mode]!)!, compared));
  };
  return [...rowsOf('float'), ...rowsOf('chain')];
}

/** A peer's time, and whether it is long enough to be told from the call. */
interface Compared extends PeerTime {
  readonly clear: boolean;
}

function peerTimes(
  { name, version, callUs }: LayerPeer,
  layer: PeerLayer,
  mode: LayerRow['mode'],
  timeOf: ReadonlyMap<Call, number>,
): Compared[] {
  const time = (kind: PeerTime['kind'], call: Call | undefined): Compared[] => {
    if (!call) return [];
    const us = timeOf.get(call)!;
    const clear = us > 2 * callUs;
    return [{ name, version, kind, us: clear ? us - callUs : us, clear }];
  };
  return mode === 'float'
    ? [...time('fp32', layer.fp32), ...time('qlinear', layer.qlinear)]
    : time('qlinear', layer.qlinearChain);
}

function isCall(call: Call | undefined): call is Call {
  return call !== undefined;
}

function rowOf(
  { layer, share, deployed }: Runner,
  mode: LayerRow['mode'],
  us: number,
  compared: readonly Compared[],
): LayerRow {
  const { shape, op } = layer;
  const fastest = (kind: PeerTime['kind']) =>
    compared.filter(peer => peer.kind === kind).toSorted((a, b) => a.us - b.us)[0];
  const ratio = (peer: Compared | undefined) => (peer?.clear ? peer.us / us : null);
  const [fp32, qlinear] = [fastest('fp32'), fastest('qlinear')];
  return {
    mode,
    op,
    ...shape,
    fullPrecisionShare: share,
    us,
    gmacs: (shape.m * shape.k * shape.n) / us / 1e3,
    weightBytes: deployed.weightBytes,
    peers: compared.map(({ clear: _, ...time }) => time),
    fp32Us: fp32?.us ?? null,
    qlinearUs: qlinear?.us ?? null,
    vsFp32: ratio(fp32),
    vsQLinear: ratio(qlinear),
  };
}
