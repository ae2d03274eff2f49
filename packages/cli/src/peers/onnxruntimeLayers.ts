import { encodeOnnx } from '@apb/interop';
import type { LayerShape } from '../commands/bench/layers/shape.js';
import { type Call, race } from '../commands/bench/race.js';
import { emptyCallUs } from './emptyCall.js';
import type { FixedGraph, FixedValue } from './fixedShapes.js';
import { floatConv, integerConv, quantizingConv } from './layerModels.js';
import type { LayerPeer, PeerLayer } from './layerPeer.js';
import { type Ort, type OrtSession, type OrtTensor, sessionOptions, versionOf } from './ortSession.js';
import { randomData } from './randomData.js';

/** Inputs and outputs that are used in turn, so that caches are as in real use. */
const SETS = 4;
/** Of trying each order of axes. */
const TRIAL_MS = 40;

/**
 * The convolutions of onnxruntime-node or onnxruntime-web, with outputs given, on so many threads. Those of bytes are
 * made for both orders of axes, and the faster one stands for it.
 */
export async function onnxruntimeLayers(name: string, ort: Ort, threads: number): Promise<LayerPeer> {
  const open = (graph: FixedGraph) => openModel(ort, graph, threads);
  return {
    name,
    version: versionOf(ort),
    callUs: await emptyCallUs(ort, threads),
    async prepare(shape: LayerShape): Promise<PeerLayer> {
      const fp32 = await open(floatConv(shape));
      const qlinear = await faster([
        await open(quantizingConv(shape, 'NCHW')),
        await open(quantizingConv(shape, 'NHWC')),
      ]);
      const chain = await faster([
        await open(integerConv(shape, 'NCHW')),
        await open(integerConv(shape, 'NHWC')),
      ]);
      return {
        fp32: fp32.call,
        qlinear: qlinear.call,
        qlinearChain: chain.call,
        dispose: async () => {
          for (const model of [fp32, qlinear, chain]) await model.session.release();
        },
      };
    },
  };
}

interface OpenModel {
  readonly session: OrtSession;
  readonly call: Call;
}

async function openModel(ort: Ort, graph: FixedGraph, threads: number): Promise<OpenModel> {
  const session = await ort.InferenceSession.create(encodeOnnx(graph), sessionOptions(threads));
  const inputs = tensors(ort, graph.inputs[0]);
  const outputs = tensors(ort, graph.outputs[0]);
  return { session, call: turn => session.run({ x: inputs[turn % SETS] }, { y: outputs[turn % SETS] }) };
}

function tensors(ort: Ort, value: FixedValue): OrtTensor[] {
  return Array.from({ length: SETS }, () => new ort.Tensor(value.type, randomData(value), value.dims));
}

/** The one whose calls are shorter; the others are closed. */
async function faster(models: readonly OpenModel[]): Promise<OpenModel> {
  const times = await race(
    models.map(({ call }) => call),
    TRIAL_MS,
  );
  const best = models[times.indexOf(Math.min(...times))];
  for (const model of models) if (model !== best) await model.session.release();
  return best;
}
