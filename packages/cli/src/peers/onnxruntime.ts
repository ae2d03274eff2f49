import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { KernelPeer, PeerProduct, ProductShape } from '@apb/kernels-native/bench';
import { ONNX_TYPES, type OnnxValue, onnxModel } from './onnx.js';

/** The parts of onnxruntime-node that are used; it is no dependency of this package. */
interface Ort {
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => unknown;
  readonly env: { readonly versions: { readonly node?: string; readonly common?: string } };
}
interface Session {
  run(feeds: Record<string, unknown>): Promise<unknown>;
  release(): Promise<void>;
}

/** Inputs that are used in turn, so that caches are as in real use. */
const SETS = 4;

/**
 * onnxruntime-node on the same shapes: MatMulInteger of uint8 rows and int8 weights for 1/8, MatMul of float32 for 1/32.
 * What a call from JavaScript costs it is measured with one that computes nothing.
 * @throws Error saying how to install it
 */
export async function onnxruntimePeer(threads: number): Promise<KernelPeer> {
  const ort = await load();
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential' };
  const open = async (model: Uint8Array) => ort.InferenceSession.create(model, options);
  const inputs = (value: OnnxValue) =>
    Array.from({ length: SETS }, () => new ort.Tensor(value.type, randomData(value), value.dims));

  const tiny: OnnxValue = { name: 'x', type: 'float32', dims: [1] };
  const empty = new Timed(await open(onnxModel('Relu', tiny, { ...tiny, name: 'y' })), inputs(tiny));
  const callUs = await empty.time(100);
  await empty.dispose();

  return {
    name: 'onnxruntime',
    version: ort.env.versions.node ?? ort.env.versions.common ?? 'unknown',
    callUs,
    async prepare(activationBits: 8 | 32, shape: ProductShape): Promise<PeerProduct> {
      const { x, y, w, operator } = product(activationBits, shape);
      const model = onnxModel(operator, x, y, { ...w, data: bytesOf(signs(w)) });
      return new Timed(await open(model), inputs(x));
    },
  };
}

/** x [n, k] times w [k, m]. */
function product(activationBits: 8 | 32, { m, k, n }: ProductShape) {
  const integer = activationBits === 8;
  const value = (name: string, type: OnnxValue['type'], dims: number[]): OnnxValue => ({ name, type, dims });
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
    private readonly session: Session,
    private readonly inputs: readonly unknown[],
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

/** From this package's place, else from the folder the command runs in. */
async function load(): Promise<Ort> {
  const name = 'onnxruntime-node';
  const here = createRequire(import.meta.url);
  const there = createRequire(join(process.cwd(), 'package.json'));
  for (const require of [here, there]) {
    let file: string;
    try {
      file = require.resolve(name);
    } catch {
      continue;
    }
    const module = await import(pathToFileURL(file).href);
    return (module.default ?? module) as Ort;
  }
  throw new Error(
    `the peer onnxruntime cannot run: ${name} is not installed; run npm install ${name} in this folder, or leave --peers out`,
  );
}

function elements(value: OnnxValue): number {
  return value.dims.reduce((a, b) => a * b, 1);
}

function randomData(value: OnnxValue): Float32Array | Uint8Array {
  const data = value.type === 'uint8' ? new Uint8Array(elements(value)) : new Float32Array(elements(value));
  for (let i = 0; i < data.length; i++) data[i] = Math.floor(Math.random() * 256);
  return data;
}

/** Weights of -1 and 1. */
function signs(value: OnnxValue): Float32Array | Int8Array {
  const data =
    ONNX_TYPES[value.type] === ONNX_TYPES.int8
      ? new Int8Array(elements(value))
      : new Float32Array(elements(value));
  for (let i = 0; i < data.length; i++) data[i] = Math.random() < 0.5 ? -1 : 1;
  return data;
}

function bytesOf(data: Float32Array | Int8Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
