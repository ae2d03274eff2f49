import { denseValues, type Model, packContainer, type StoredTensor } from '@apb/core';

/**
 * A model's parameters as plain float32 tensors in a safetensors file, for tools that know nothing of packed
 * weights: every compressed layer recomposed, shapes [out, kh, kw, in / groups] and [out, in]. The result is
 * 4 bytes a weight, about 20 to 30 times the packed file. The metadata keep graph, input, classes and provenance as JSON
 * under `apb.model`, so that `importModel` reads it back.
 */
export function toFloatSafetensors(model: Model): Uint8Array {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, weights] of Object.entries(model.weights))
    tensors.set(name, { dtype: 'F32', shape: weights.shape, bytes: littleEndian(denseValues(weights)) });
  const { graph, input, classes, provenance } = model;
  const document = JSON.stringify({ graph, input, classes, provenance });
  return packContainer({ metadata: { format: 'float', 'apb.model': document }, tensors });
}

function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((v, i) => {
    view.setFloat32(4 * i, v, true);
  });
  return bytes;
}
