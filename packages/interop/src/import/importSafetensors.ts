import {
  fromFloat16Bits,
  InputError,
  type Model,
  readModel,
  type StoredTensor,
  unpackContainer,
  validateModel,
} from '@apb/core';

/**
 * A model from a safetensors file: one of apb's, or the float weights that `toFloatSafetensors` writes with the graph
 * beside them in the metadata, whatever tool has changed their numbers since.
 * @throws InputError naming what is missing or damaged
 */
export async function importSafetensors(file: Uint8Array): Promise<Model> {
  const { metadata, tensors } = unpackContainer(file);
  if (metadata.format === 'apb') return readModel(file);
  if (metadata['apb.model'] === undefined)
    throw new InputError(
      'this safetensors file holds weights without a graph; give one that apb export --format safetensors wrote, or the network as ONNX',
    );
  const { graph, input, classes, provenance } = parse(metadata['apb.model']);
  const weights = Object.fromEntries(
    [...tensors].map(([name, t]) => [
      name,
      { encoding: 'float' as const, shape: t.shape, values: numbers(name, t) },
    ]),
  );
  return validateModel({ graph, input, classes, provenance, weights });
}

/** Of unknown form until validateModel has read it. */
function parse(text: string): Omit<Model, 'weights'> {
  try {
    return Object(JSON.parse(text));
  } catch {
    throw new InputError('its metadata apb.model are no JSON');
  }
}

function numbers(name: string, { dtype, bytes }: StoredTensor): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (dtype === 'F32')
    return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
  if (dtype === 'F16')
    return Float32Array.from({ length: bytes.length / 2 }, (_, i) =>
      fromFloat16Bits(view.getUint16(2 * i, true)),
    );
  throw new InputError(`tensor ${JSON.stringify(name)} is of ${dtype}; weights must be F32 or F16`);
}
