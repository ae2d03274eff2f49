import { encodeOnnx, type OnnxValue } from '@apb/interop';
import { type Ort, sessionOptions } from './ortSession.js';

const EMPTY_CALLS_MS = 100;

/** Microseconds of a call from JavaScript that computes nothing: the least of a tenth of a second. */
export async function emptyCallUs(ort: Ort, threads: number): Promise<number> {
  const x: OnnxValue = { name: 'x', type: 'float32', dims: [1] };
  const nodes = [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }];
  const graph = { name: 'empty', inputs: [x], outputs: [{ ...x, name: 'y' }], constants: [], nodes };
  const model = encodeOnnx(graph);
  const session = await ort.InferenceSession.create(model, sessionOptions(threads));
  const feeds = { x: new ort.Tensor('float32', Float32Array.of(1), [1]) };
  const end = performance.now() + EMPTY_CALLS_MS;
  let best = Number.POSITIVE_INFINITY;
  while (performance.now() < end) {
    const start = performance.now();
    await session.run(feeds);
    best = Math.min(best, performance.now() - start);
  }
  await session.release();
  return best * 1e3;
}
