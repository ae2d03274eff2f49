import type { Tensor } from '@apb/core';
import type { ModelPeer, PeerModel } from './modelPeer.js';
import { loadOrt } from './ort.js';
import { type Ort, sessionOptions, versionOf } from './ortSession.js';

/**
 * Whole networks on onnxruntime-node, on so many threads.
 * @throws Error saying how to install it
 */
export async function onnxruntimeModels(threads: number): Promise<ModelPeer> {
  const ort = await loadOrt();
  return { name: 'onnxruntime', version: versionOf(ort), open: file => openModel(ort, file, threads) };
}

async function openModel(ort: Ort, file: Uint8Array, threads: number): Promise<PeerModel> {
  const session = await ort.InferenceSession.create(file, sessionOptions(threads));
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  return {
    async run({ shape, data }: Tensor) {
      const outputs = await session.run({ [input]: new ort.Tensor('float32', data, shape) });
      return outputs[output].data as Float32Array;
    },
    dispose: () => session.release(),
  };
}
