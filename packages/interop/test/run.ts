import { INPUT, type Model, type Tensor, tensor } from '@apb/core';
import { createSession } from '@apb/runtime';
import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';

/** Our own runtime on the reference kernels. */
export async function runReference(model: Model, x: Tensor): Promise<Tensor> {
  const session = await createSession(model, { backend: 'reference' });
  try {
    return await session.run(x);
  } finally {
    session.dispose();
  }
}

/** onnxruntime on a file of ours. */
export function runOnnx(file: Uint8Array, x: Tensor, level: 'all' | 'disabled' = 'all'): Promise<Tensor> {
  return runOnnxAs(file, INPUT, x, level);
}

/** onnxruntime; the file's one input by its name, and its one output. */
export async function runOnnxAs(
  file: Uint8Array,
  name: string,
  x: Tensor,
  graphOptimizationLevel: 'all' | 'disabled' = 'all',
): Promise<Tensor> {
  const session = await ort.InferenceSession.create(file, {
    graphOptimizationLevel,
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  try {
    const input = new ort.Tensor('float32', x.data, x.shape);
    const outputs = await session.run({ [name]: input });
    const y = outputs[session.outputNames[0]];
    return tensor(y.dims, Float32Array.from(y.data as Float32Array));
  } finally {
    await session.release();
  }
}

/** TensorFlow.js on its plain JavaScript backend. @param files of an exported folder */
export async function runTfjs(files: ReadonlyMap<string, Uint8Array>, x: Tensor): Promise<Tensor> {
  await tf.setBackend('cpu');
  // Else the backend advertises another one.
  tf.env().set('IS_NODE', false);
  const { modelTopology, weightsManifest, ...rest } = JSON.parse(
    new TextDecoder().decode(files.get('model.json')),
  );
  const [{ paths, weights: weightSpecs }] = weightsManifest;
  const bytes = Buffer.concat(paths.map((path: string) => files.get(path)));
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const model = await loadGraphModel(
    tf.io.fromMemory({ modelTopology, weightSpecs, weightData, ...rest }) as tf.io.IOHandler,
  );
  const input = tf.tensor(x.data, x.shape as number[], 'float32');
  const y = model.predict(input) as tf.Tensor;
  try {
    return tensor(y.shape, Float32Array.from(await y.data()));
  } finally {
    tf.dispose([input, y]);
    model.dispose();
  }
}
