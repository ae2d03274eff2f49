import { INPUT, type Model, type Tensor, tensor } from '@apb/core';
import { toOnnx } from '@apb/interop';
import { createSession } from '@apb/runtime';
import * as ort from 'onnxruntime-node';

/** Pictures a run: enough to be fast, few enough that the activations of both runtimes stay small. */
const BATCH = 50;

/** Scores of the exported model on ONNX Runtime, as anyone would run it: one thread, its optimizer on. */
export async function runOnnx(model: Model, pictures: Tensor): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(toOnnx(model), {
    graphOptimizationLevel: 'all',
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  try {
    return await inBatches(pictures, async ({ shape, data }) => {
      const outputs = await session.run({ [INPUT]: new ort.Tensor('float32', data, shape) });
      return outputs[session.outputNames[0]].data as Float32Array;
    });
  } finally {
    await session.release();
  }
}

/** Scores of the packed model on the best backend here, and that backend's name. */
export async function runOurs(model: Model, pictures: Tensor): Promise<[Float32Array, string]> {
  const session = await createSession(model);
  try {
    const scores = await inBatches(pictures, async batch => (await session.run(batch)).data);
    return [scores, session.explain().backend];
  } finally {
    session.dispose();
  }
}

async function inBatches(
  { shape: [count, ...picture], data }: Tensor,
  run: (batch: Tensor) => Promise<Float32Array>,
): Promise<Float32Array> {
  const size = picture.reduce((a, b) => a * b, 1);
  const scores: number[] = [];
  for (let i = 0; i < count; i += BATCH) {
    const n = Math.min(BATCH, count - i);
    scores.push(...(await run(tensor([n, ...picture], data.slice(i * size, (i + n) * size)))));
  }
  return Float32Array.from(scores);
}
