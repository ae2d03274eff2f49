import type { ModelPeer } from './modelPeer.js';
import { onnxruntimeModels } from './onnxruntimeModels.js';

/** Libraries that run whole networks, by name. */
export const MODEL_PEERS: Readonly<Record<string, (threads: number) => Promise<ModelPeer>>> = {
  onnxruntime: onnxruntimeModels,
};
