import { InputError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import type { InputDescription, Model, WeightData } from '../graph/model.js';
import { type Container, type StoredTensor, unpackContainer } from './container.js';
import { digestOf } from './digest.js';
import { descriptors } from './documents.js';
import { decodeWeight } from './encodings.js';
import { parseJson } from './json.js';
import * as s from './schema.js';
import { validateModel } from './validate.js';
import { FORMAT_VERSION } from './write.js';

export interface ReadOptions {
  /** Compare the checksum (default true). Everything else is checked in any case. */
  readonly verify?: boolean;
}

interface Metadata {
  readonly format: string;
  readonly version: string;
  readonly graph: string;
  readonly input: string;
  readonly classes: string;
  readonly provenance: string;
  readonly weights: string;
  readonly sha256: string;
}

/**
 * Reads a model file from an untrusted source: every length, offset, type, shape, index and name is checked
 * before use, and no more memory is taken than the file's size warrants.
 * @throws InputError naming the field that is wrong; Error where the checksum needs WebCrypto and there is none
 */
export async function readModel(file: Uint8Array, { verify = true }: ReadOptions = {}): Promise<Model> {
  const container = orDamaged(() => unpackContainer(file));
  checkVersion(container.metadata);
  const metadata = orDamaged(() => readMetadata(container.metadata));
  if (verify) {
    const digest = await digestOf({ ...metadata }, dataOf(container));
    if (digest !== metadata.sha256) throw damaged('its contents do not match its sha256');
  }
  return orDamaged(() => decodeModel(metadata, container.tensors));
}

function checkVersion({ format, version }: Readonly<Record<string, string>>): void {
  if (format !== 'apb')
    throw new InputError(
      `this safetensors file is no apb model (its format is ${s.show(format)}); give one that apb wrote`,
    );
  if (version !== '1' && version !== String(FORMAT_VERSION))
    throw new InputError(
      `model file: its version is ${s.show(version)}, this reader knows 1 to ${FORMAT_VERSION}; install the latest apb packages`,
    );
}

const readMetadata = (metadata: unknown): Metadata =>
  s.object<Metadata>({
    format: s.text,
    version: s.text,
    graph: s.text,
    input: s.text,
    classes: s.text,
    provenance: s.text,
    weights: s.text,
    sha256: s.text,
  })(metadata, '__metadata__');

function decodeModel(metadata: Metadata, tensors: ReadonlyMap<string, StoredTensor>): Model {
  const weights = decodeWeights(parseJson(metadata.weights, 'weights'), tensors);
  // The documents are of unknown form until validateModel has read them.
  return validateModel({
    graph: parseJson(metadata.graph, 'graph') as Graph,
    input: parseJson(metadata.input, 'input') as InputDescription,
    classes: parseJson(metadata.classes, 'classes') as string[],
    provenance: parseJson(metadata.provenance, 'provenance') as Record<string, string>,
    weights,
  });
}

/** Every tensor of the file is a part of exactly one parameter. */
function decodeWeights(
  json: unknown,
  tensors: ReadonlyMap<string, StoredTensor>,
): Record<string, WeightData> {
  const untaken = new Map(tensors);
  const take = (name: string): StoredTensor => {
    const tensor = untaken.get(name);
    if (!tensor)
      throw new InputError(`tensor ${s.show(name)} is ${tensors.has(name) ? 'used twice' : 'missing'}`);
    untaken.delete(name);
    return tensor;
  };
  const weights = Object.entries(descriptors(json, 'weights')).map(
    ([name, descriptor]): [string, WeightData] => [name, decodeWeight(name, descriptor, take)],
  );
  for (const name of untaken.keys()) throw new InputError(`tensor ${s.show(name)} belongs to no parameter`);
  return Object.fromEntries(weights);
}

/** The data section: unpackContainer lists the tensors in the order in which they lie in the file. */
function dataOf({ tensors }: Container): Uint8Array[] {
  return Array.from(tensors.values(), ({ bytes }) => bytes);
}

function orDamaged<T>(read: () => T): T {
  try {
    return read();
  } catch (e) {
    if (e instanceof InputError) throw damaged(e.message, e);
    throw e;
  }
}

function damaged(problem: string, cause?: Error): InputError {
  return new InputError(`model file: ${problem}; download or export the model again`, { cause });
}
