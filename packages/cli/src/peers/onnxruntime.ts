import { encodeOnnx, type OnnxTensor } from '@apb/interop';
import type { KernelPeer, PeerProduct, ProductShape } from '@apb/kernels-native/bench';
import { emptyCallUs } from './emptyCall.js';
import type { FixedGraph, FixedValue } from './fixedShapes.js';
import { loadOrt } from './ort.js';
import { type OrtSession, type OrtTensor, sessionOptions, versionOf } from './ortSession.js';
import { bytesOf, elements, randomData } from './randomData.js';

/** Inputs that are used in turn, so that caches are as in real use. */
const SETS = 4;

/**
 * onnxruntime-node on the same shapes: MatMulInteger of uint8 rows and int8 weights for 1/8, MatMul of float32 for 1/32.
 * What a call from JavaScript costs it is measured with one that computes nothing.
 * @throws Error saying how to install it
 */
export async function onnxruntimePeer(threads: number): Promise<KernelPeer> {
  const ort = await loadOrt();
  const inputs = (value: FixedValue) =>
    Array.from({ length: SETS }, () => new ort.Tensor(value.type, randomData(value), value.dims));
  return {
    name: 'onnxruntime',
    version: versionOf(ort),
    callUs: await emptyCallUs(ort, threads),
    async prepare(activationBits: 8 | 32, shape: ProductShape): Promise<PeerProduct> {
      const { x, y, w, operator } = product(activationBits, shape);
      const model = encodeOnnx(oneOperator(operator, x, y, { ...w, data: bytesOf(signs(w)) }));
      return new Timed(await ort.InferenceSession.create(model, sessionOptions(threads)), inputs(x));
    },
  };
}

/** y of x and a constant. */
function oneOperator(op: string, x: FixedValue, y: FixedValue, constant: OnnxTensor): FixedGraph {
  return {
    name: op,
    inputs: [x],
    outputs: [y],
    constants: [constant],
    nodes: [{ op, inputs: [x.name, constant.name], outputs: [y.name] }],
  };
}

/** x [n, k] times w [k, m]. */
function product(activationBits: 8 | 32, { m, k, n }: ProductShape) {
  const integer = activationBits === 8;
  const value = (name: string, type: FixedValue['type'], dims: number[]): FixedValue => ({
    name,
    type,
    dims,
  });
  return {
    operator: integer ? 'MatMulInteger' : 'MatMul',
    x: value('x', integer ? 'uint8' : 'float32', [n, k]),
    w: value('w', integer ? 'int8' : 'float32', [k, m]),
    y: value('y', integer ? 'int32' : 'float32', [n, m]),
  };
}

/** A session with inputs for it. */
class Timed implements PeerProduct {
  constructor(
    private readonly session: OrtSession,
    private readonly inputs: readonly OrtTensor[],
  ) {}

  async time(milliseconds: number): Promise<number> {
    let best = Number.POSITIVE_INFINITY;
    const end = performance.now() + milliseconds;
    for (let i = 0; i < 5 || performance.now() < end; i++) {
      const start = performance.now();
      await this.session.run({ x: this.inputs[i % this.inputs.length] });
      best = Math.min(best, performance.now() - start);
    }
    return best * 1e3;
  }

  async dispose(): Promise<void> {
    await this.session.release();
  }
}

/** Weights of -1 and 1. */
function signs(value: FixedValue): Float32Array | Int8Array {
  const size = elements(value);
  const data = value.type === 'int8' ? new Int8Array(size) : new Float32Array(size);
  for (let i = 0; i < data.length; i++) data[i] = Math.random() < 0.5 ? -1 : 1;
  return data;
}
