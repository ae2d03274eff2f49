import { InputError, type Model, readModel, validateModel } from '@apb/core';
import { chunksOf } from './chunks.js';
import { collect } from './collect.js';
import { answered, fetched, WEB_PAGE } from './response.js';
import type { Incoming, LoadOptions, ModelSource } from './source.js';

/** Opens a string or URL that is a file of this machine; undefined when it is for `fetch`. */
export type OpenFile = (source: string | URL, signal?: AbortSignal) => Promise<Incoming> | undefined;

/** What has to be fetched or read first. */
type Distant = Exclude<ModelSource, Model | Uint8Array | ArrayBuffer>;

/** The bytes of a model file, for who wants to keep them; `readModel` of core checks them. */
export type LoadBytes = (source: Distant, options?: LoadOptions) => Promise<Uint8Array>;

/**
 * The model that a source stands for, checked.
 * @throws InputError naming the source and what is wrong with it; the signal's reason when it fires
 */
export async function loadModel(
  source: ModelSource,
  options: LoadOptions,
  openFile: OpenFile,
): Promise<Model> {
  options.signal?.throwIfAborted();
  if (source instanceof Uint8Array) return readModel(source);
  if (source instanceof ArrayBuffer) return readModel(new Uint8Array(source));
  if (!isDistant(source)) return validateModel(source);
  const incoming = await open(source, options.signal, openFile);
  const bytes = await wholeFile(incoming, options);
  return naming(incoming, () => readModel(bytes));
}

export function bytesLoader(openFile: OpenFile): LoadBytes {
  return async (source, options = {}) => {
    options.signal?.throwIfAborted();
    return wholeFile(await open(source, options.signal, openFile), options);
  };
}

async function wholeFile(incoming: Incoming, options: LoadOptions): Promise<Uint8Array> {
  const bytes = await collect(incoming, options);
  await naming(incoming, async () => checkKind(bytes));
  return bytes;
}

async function naming<T>({ name }: Incoming, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

function isDistant(source: ModelSource): source is Distant {
  return (
    typeof source === 'string' ||
    source instanceof URL ||
    source instanceof Response ||
    source instanceof Blob
  );
}

async function open(source: Distant, signal: AbortSignal | undefined, openFile: OpenFile): Promise<Incoming> {
  if (typeof source === 'string' || source instanceof URL)
    return (await openFile(source, signal)) ?? fetched(source, signal);
  if (source instanceof Response) return answered(source, undefined, signal);
  const name = 'name' in source && source.name ? String(source.name) : 'the file';
  return { name, total: source.size, chunks: chunksOf(source.stream(), signal) };
}

/**
 * What else tends to lie where a model should, told apart from a damaged one: the first eight bytes of a model
 * are a header's length, far below 2^56, so that they are never eight letters.
 */
function checkKind(bytes: Uint8Array): void {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 64)).trimStart().toLowerCase();
  if (/^<(!doctype|html|head|\?xml)/.test(start)) throw new InputError(WEB_PAGE);
  if (start.startsWith('version https://git-lfs'))
    throw new InputError(
      'is a pointer of Git LFS, not the file; run git lfs pull or download the file itself',
    );
}
