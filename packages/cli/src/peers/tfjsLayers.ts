import type { LayerShape } from '../commands/bench/layers/shape.js';
import { race } from '../commands/bench/race.js';
import type { LayerPeer, PeerLayer } from './layerPeer.js';
import { randomData } from './randomData.js';

/** Inputs that are used in turn, so that caches are as in real use. */
const SETS = 4;
const EMPTY_CALLS_MS = 100;

/** The parts of @tensorflow/tfjs-core that are used; it is no dependency of this package. */
export interface Tfjs {
  readonly version_core: string;
  setBackend(name: string): Promise<boolean>;
  tensor(values: unknown, shape: readonly number[], type: string): TfjsTensor;
  relu(x: TfjsTensor): TfjsTensor;
  readonly fused: { conv2d(convolution: object): TfjsTensor };
}
interface TfjsTensor {
  dispose(): void;
}

/**
 * TensorFlow.js' fp32 convolutions with their bias on its backend `wasm`, which must be registered; it has none of bytes.
 * Tensors stay in the backend's memory, as in a model.
 * @throws Error when the backend does not start
 */
export async function tfjsLayers(tf: Tfjs): Promise<LayerPeer> {
  if (!(await tf.setBackend('wasm')))
    throw new Error("the peer tfjs-wasm cannot run: its backend 'wasm' does not start");
  const one = tf.tensor(Float32Array.of(1), [1], 'float32');
  const [callUs] = await race([() => tf.relu(one).dispose()], EMPTY_CALLS_MS);
  one.dispose();
  return {
    name: 'tfjs-wasm',
    version: tf.version_core,
    callUs,
    prepare: async (shape: LayerShape): Promise<PeerLayer> => {
      const { m, k, n } = shape;
      const side = Math.sqrt(n) + 2;
      const random = (dims: readonly number[]) =>
        tf.tensor(randomData({ name: '', type: 'float32', dims }), dims, 'float32');
      const filter = random([3, 3, k / 9, m]);
      const bias = random([m]);
      const inputs = Array.from({ length: SETS }, () => random([1, side, side, k / 9]));
      return {
        fp32: turn =>
          tf.fused.conv2d({ x: inputs[turn % SETS], filter, strides: 1, pad: 'valid', bias }).dispose(),
        dispose: async () => {
          for (const tensor of [filter, bias, ...inputs]) tensor.dispose();
        },
      };
    },
  };
}
