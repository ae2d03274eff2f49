import { type Model, type Tensor, tensor } from '@apb/core';
import { createSession, type SessionOptions } from '@apb/runtime';

/** Pictures per call of the session. */
const BATCH = 64;

/** Runs any part of a network on a batch of any size, as compression needs it. */
export function modelRunner(options: SessionOptions): (model: Model, batch: Tensor) => Promise<Tensor> {
  return async (model, { shape: [count, ...picture], data }) => {
    const session = await createSession(model, options);
    try {
      const size = data.length / count;
      let all: Float32Array | undefined;
      let shape: readonly number[] = [];
      for (let at = 0; at < count; at += BATCH) {
        const n = Math.min(BATCH, count - at);
        const part = await session.run(tensor([n, ...picture], data.subarray(at * size, (at + n) * size)));
        shape = part.shape.slice(1);
        all ??= new Float32Array((part.data.length / n) * count);
        all.set(part.data, (part.data.length / n) * at);
      }
      return tensor([count, ...shape], all);
    } finally {
      session.dispose();
    }
  };
}
