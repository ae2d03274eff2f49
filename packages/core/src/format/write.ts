import { InputError } from '../errors.js';
import type { Model } from '../graph/model.js';
import { type Container, inFileOrder, packContainer, type StoredTensor } from './container.js';
import { digestOf } from './digest.js';
import { encodeWeight } from './encodings.js';
import { toJson } from './json.js';
import { validateModel } from './validate.js';

/**
 * The newest version of the file's meaning; readers refuse what they do not know. Version 2 added the encoding
 * sparseKbit. A file says the oldest version that has all it needs.
 */
export const FORMAT_VERSION = 2;

/**
 * Writes a model file. The same model gives the same bytes, whatever the order of its objects' keys.
 * @throws InputError when the model is not valid, naming what is wrong; Error where there is no WebCrypto
 */
export async function writeModel(model: Model): Promise<Uint8Array> {
  const { metadata, tensors } = encodeModel(model);
  const data = inFileOrder(tensors).map(([, { bytes }]) => bytes);
  return packContainer({ metadata: { ...metadata, sha256: await digestOf(metadata, data) }, tensors });
}

/**
 * Everything but the checksum.
 * @throws InputError when the model is not valid
 */
export function encodeModel(model: Model): Container {
  const { graph, weights, input, classes, provenance } = validForWriting(model);
  const encoded = Object.entries(weights).map(([name, w]) => [name, encodeWeight(name, w)] as const);
  const tensors = new Map<string, StoredTensor>(encoded.flatMap(([, w]) => [...w.tensors]));
  const descriptors = Object.fromEntries(encoded.map(([name, { descriptor }]) => [name, descriptor]));
  const metadata = {
    format: 'apb',
    version: Object.values(weights).some(w => w.encoding === 'sparseKbit') ? '2' : '1',
    graph: toJson(graph),
    input: toJson(input),
    classes: toJson(classes),
    provenance: toJson(provenance),
    weights: toJson(descriptors),
  };
  return { metadata, tensors };
}

function validForWriting(model: Model): Model {
  try {
    return validateModel(model);
  } catch (e) {
    if (e instanceof InputError)
      throw new InputError(`the model cannot be written: ${e.message}`, { cause: e });
    throw e;
  }
}
