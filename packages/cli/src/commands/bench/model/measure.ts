import { type Model, writeModel } from '@apb/core';
import { toOnnx, toQLinearOnnx } from '@apb/interop';
import { createSession, type Session } from '@apb/runtime';
import { type ModelPeer, PEER_KINDS, type PeerKind, type PeerModel } from '../../../peers/modelPeer.js';
import { type Call, race } from '../race.js';
import { randomBatch } from './batch.js';
import type { ModelCase } from './cases.js';
import { checkModel } from './check.js';
import { withFiles } from './files.js';
import { peakOf } from './peak.js';
import { type ProfiledStep, profileBetween } from './profile.js';
import { mainProduct, type WeightBytes, weightBytesOf } from './weightBytes.js';

/** A peer's time for one network. */
interface PeerResult {
  readonly name: string;
  readonly version: string;
  readonly kind: PeerKind;
  /** Microseconds of a batch, the call included. */
  readonly us: number;
  /** Peak resident memory of a process of its own; null where it was not measured. */
  readonly peakBytes: number | null;
}

/** One network with one size of batches. */
export interface ModelRow extends WeightBytes {
  /** Name of the network or the file. */
  readonly model: string;
  /** Null for a file. */
  readonly network: string | null;
  /** Weight bits / activation bits of most compressed layers. */
  readonly op: string;
  /** Of the activations. */
  readonly bits: number;
  readonly batch: number;
  /** Multiply-adds of a picture. */
  readonly macs: number;
  /** Of all activations of one picture, bytes; null where steps allocate on their own. */
  readonly arenaBytes: number | null;
  /** Of a batch, the call included: microseconds, and milliseconds. */
  readonly us: number;
  readonly ms: number;
  readonly msPerPicture: number;
  readonly peers: readonly PeerResult[];
  /** Milliseconds of the fastest peer for a batch; null without one. */
  readonly fp32Ms: number | null;
  readonly qlinearMs: number | null;
  /** The fastest peer's time over ours. */
  readonly vsFp32: number | null;
  readonly vsQLinear: number | null;
  /** Peak resident memory of a process of its own that runs this network; null where it was not measured. */
  readonly peakBytes: number | null;
  /** Of it, before anything of ours was loaded: Node itself. */
  readonly nodeBytes: number | null;
  readonly fp32PeakBytes: number | null;
  readonly qlinearPeakBytes: number | null;
  /** Steps by the backend that runs them. */
  readonly opsByBackend: Readonly<Record<string, number>>;
  /** With --profile: of ours, on average. */
  readonly profile?: readonly ProfiledStep[];
}

export interface ModelBenchOptions {
  readonly batches: readonly number[];
  readonly peers: readonly ModelPeer[];
  readonly backend?: string;
  readonly isa?: string;
  readonly threads: number;
  /** Of each network and peer for each size of batches. */
  readonly milliseconds: number;
  /** Whether to measure peak memory. */
  readonly memory: boolean;
  readonly profile: boolean;
  /** Takes the part of this case that is done, 0 to 1. */
  readonly progress: (part: number, what: string) => void;
}

export interface ModelResult {
  readonly backend: string;
  readonly isa: string;
  readonly rows: readonly ModelRow[];
}

/** Input batches that are used in turn. */
const SETS = 2;
const ROUNDS = 4;

/**
 * Times a network and the peers round by round, for every size of batches, and measures memory.
 * @throws InputError when the model is damaged or no wanted backend works; Error when its outputs are wrong or not finite
 */
export async function measureModel(item: ModelCase, options: ModelBenchOptions): Promise<ModelResult> {
  const { backend, isa, threads, progress } = options;
  const what = item.op === null ? item.name : `${item.name} ${item.op}`;
  progress(0, `checking ${what}`);
  const { model, usual } = await item.make();
  const session = await createSession(model, { backend, isa, threads });
  const opened: OpenedPeer[] = [];
  try {
    await checkModel(model, session, what);
    const onnx = options.peers.length ? onnxOf(usual) : undefined;
    for (const peer of options.peers)
      for (const kind of PEER_KINDS) opened.push({ peer, kind, model: await peer.open(onnx![kind]) });
    const rows = await timeBatches(item, model, session, opened, what, options);
    const explained = session.explain();
    for (const { model: opponent } of opened.splice(0)) await opponent.dispose();
    return {
      backend: explained.backend,
      isa: explained.isa,
      rows: options.memory ? await withPeaks(rows, model, onnx, what, options) : rows,
    };
  } finally {
    for (const { model: opponent } of opened) await opponent.dispose();
    session.dispose();
  }
}

interface OpenedPeer {
  readonly peer: ModelPeer;
  readonly kind: PeerKind;
  readonly model: PeerModel;
}

type OnnxFiles = Readonly<Record<PeerKind, Uint8Array>>;

function onnxOf(model: Model): OnnxFiles {
  return { fp32: toOnnx(model), qlinear: toQLinearOnnx(model) };
}

async function timeBatches(
  item: ModelCase,
  model: Model,
  session: Session,
  opened: readonly OpenedPeer[],
  what: string,
  { batches, milliseconds, profile, memory, progress }: ModelBenchOptions,
): Promise<ModelRow[]> {
  const explained = session.explain();
  const op = mainProduct(explained.steps);
  const shared = {
    model: item.name,
    network: item.network,
    op,
    bits: Number(op.split('/')[1]),
    macs: explained.steps.reduce((sum, step) => sum + step.multiplyAdds, 0),
    arenaBytes: explained.arenaBytes ?? null,
    ...weightBytesOf(model, explained.steps),
    opsByBackend: session.opsByBackend,
  };
  const rows: ModelRow[] = [];
  for (const [i, batch] of batches.entries()) {
    progress((memory ? 0.5 : 1) * (i / batches.length), `timing ${what}, ${batch} at once`);
    const inputs = Array.from({ length: SETS }, (_, set) => randomBatch(model.graph.inputShape, batch, set));
    const calls: Call[] = [
      turn => session.run(inputs[turn % SETS]),
      ...opened.map(
        ({ model: opponent }): Call =>
          turn =>
            opponent.run(inputs[turn % SETS]),
      ),
    ];
    await checkPeers(opened, inputs[0]);
    const before = session.profile();
    const [us, ...others] = await race(calls, milliseconds, { rounds: ROUNDS, leastCalls: 1 });
    const after = session.profile();
    rows.push({
      ...shared,
      batch,
      ...timesOf(us, batch, peerResults(opened, others)),
      ...(profile && { profile: profileBetween(before, after) }),
    });
  }
  return rows;
}

/** A peer that computes NaN would be timed on paths that no real network takes. */
async function checkPeers(
  opened: readonly OpenedPeer[],
  batch: Parameters<PeerModel['run']>[0],
): Promise<void> {
  for (const { peer, kind, model } of opened)
    if (!(await model.run(batch)).every(Number.isFinite))
      throw new Error(`the outputs of ${peer.name} ${kind} are not finite`);
}

function peerResults(opened: readonly OpenedPeer[], times: readonly number[]): PeerResult[] {
  return opened.map(({ peer: { name, version }, kind }, i) => ({
    name,
    version,
    kind,
    us: times[i],
    peakBytes: null,
  }));
}

function timesOf(us: number, batch: number, peers: readonly PeerResult[]) {
  const fastest = (kind: PeerKind) => least(peers.filter(peer => peer.kind === kind).map(peer => peer.us));
  const [fp32, qlinear] = [fastest('fp32'), fastest('qlinear')];
  return {
    us,
    ms: us / 1e3,
    msPerPicture: us / 1e3 / batch,
    peers,
    fp32Ms: fp32 === null ? null : fp32 / 1e3,
    qlinearMs: qlinear === null ? null : qlinear / 1e3,
    vsFp32: fp32 === null ? null : fp32 / us,
    vsQLinear: qlinear === null ? null : qlinear / us,
    peakBytes: null,
    nodeBytes: null,
    fp32PeakBytes: null,
    qlinearPeakBytes: null,
  };
}

/** Runs every row's network again, each contestant in a process of its own. */
async function withPeaks(
  rows: readonly ModelRow[],
  model: Model,
  onnx: OnnxFiles | undefined,
  what: string,
  { backend, isa, threads, progress }: ModelBenchOptions,
): Promise<ModelRow[]> {
  const common = { inputShape: model.graph.inputShape, threads };
  return withFiles({ apb: await writeModel(model), ...onnx }, async paths => {
    const measured: ModelRow[] = [];
    for (const [i, row] of rows.entries()) {
      const { batch } = row;
      progress(0.5 + (0.5 * i) / rows.length, `memory of ${what}, ${batch} at once`);
      const ours = await peakOf({ ...common, kind: 'apb', file: paths.apb, batch, backend, isa });
      const peers: PeerResult[] = [];
      for (const peer of row.peers) {
        const job = { ...common, kind: peer.kind, file: paths[peer.kind], batch, peer: peer.name };
        peers.push({ ...peer, peakBytes: (await peakOf(job)).peakBytes });
      }
      const smallest = (kind: PeerKind) =>
        least(peers.filter(peer => peer.kind === kind).map(peer => peer.peakBytes as number));
      const [fp32PeakBytes, qlinearPeakBytes] = [smallest('fp32'), smallest('qlinear')];
      measured.push({ ...row, ...ours, peers, fp32PeakBytes, qlinearPeakBytes });
    }
    return measured;
  });
}

function least(values: readonly number[]): number | null {
  return values.length ? Math.min(...values) : null;
}
