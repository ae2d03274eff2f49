import { InputError, type Model } from '@apb/core';
import { importSafetensors } from './importSafetensors.js';
import type { InputNotes } from './inputDescription.js';
import { importOnnx } from './onnx/importOnnx.js';
import { importTfjs } from './tfjs/importTfjs.js';

export interface ImportOptions {
  /** Of the file, for messages. */
  readonly name?: string;
  /** Reads another file beside it, by a relative name without `..`: the shards of a model.json. */
  readonly sibling?: (name: string) => Promise<Uint8Array>;
}

export interface Imported extends InputNotes {
  readonly model: Model;
  readonly format: 'safetensors' | 'tfjs' | 'onnx';
}

/**
 * Reads a network that something else has written, or one of ours: a layers model of TensorFlow.js or Keras
 * (model.json), an ONNX file, a safetensors file with our graph. What it is its content tells. The file may be hostile:
 * every name, size and shape is checked before use.
 * @returns the network with float weights, but for a file of ours, whose weights stay as they are
 * @throws InputError naming file, layer and what cannot be imported
 */
export async function importModel(file: Uint8Array, options: ImportOptions = {}): Promise<Imported> {
  const { name, sibling = missing } = options;
  try {
    if (isSafetensors(file))
      return { format: 'safetensors', notes: [], model: await importSafetensors(file) };
    if (isJson(file)) return { format: 'tfjs', ...(await importTfjs(file, sibling)) };
    const other = otherFormat(file);
    if (other) throw new InputError(other);
    return { format: 'onnx', ...importOnnx(file) };
  } catch (error) {
    if (name === undefined || !(error instanceof InputError)) throw error;
    throw new InputError(`${name}: ${error.message}`, { cause: error });
  }
}

/** A header length that fits the file, then the header's JSON. */
function isSafetensors(file: Uint8Array): boolean {
  if (file.length < 9 || file[8] !== 0x7b) return false;
  const headerBytes = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  return headerBytes <= BigInt(file.length - 8);
}

/** White space, perhaps behind a byte order mark, then a brace. */
function isJson(file: Uint8Array): boolean {
  return /^\uFEFF?\s*\{/.test(new TextDecoder().decode(file.subarray(0, 64)));
}

/** What is known and cannot be read, and what to do about it. */
function otherFormat(file: Uint8Array): string | undefined {
  const starts = (text: string) => [...text].every((c, i) => file[i] === c.charCodeAt(0));
  if (file.length === 0) return 'it is empty';
  if (starts('\x89HDF'))
    return 'it is a Keras HDF5 file; convert it with tensorflowjs_converter --input_format=keras --output_format=tfjs_layers_model';
  if (starts('PK'))
    return 'it is a zip archive (a Keras or PyTorch file); export the network as ONNX, or to a tfjs layers model';
  return undefined;
}

async function missing(name: string): Promise<Uint8Array> {
  throw new InputError(`the file ${JSON.stringify(name)} that it names was not given`);
}
