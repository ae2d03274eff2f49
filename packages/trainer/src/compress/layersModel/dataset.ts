import { InputError } from '@apb/core';
import * as tf from '@tensorflow/tfjs-core';

/** One tensor, several in the order of the model's inputs or outputs, or several by their names. */
export type Tensors = tf.Tensor | readonly tf.Tensor[] | Readonly<Record<string, tf.Tensor>>;

/** What a model learns from in one step; the first axis is the batch. */
export interface LabelledBatch {
  readonly xs: Tensors;
  readonly ys: Tensors;
}

/** The part of a tf.data.Dataset that is needed. */
interface TfDataset {
  /** Batches in it; null or Infinity where that is not known. */
  readonly size?: number | null;
  iterator(): Promise<{ next(): Promise<{ value: unknown; done?: boolean }> }>;
}

/** Batches: an array of them, which stay the caller's; or a tf.data.Dataset or another stream, whose tensors are disposed. */
export type BatchSource = readonly LabelledBatch[] | AsyncIterable<LabelledBatch> | TfDataset;

/** Reads the source from its start; every batch lives until the next is asked for. @throws InputError for other values */
export async function* batchesOf(source: BatchSource): AsyncGenerator<LabelledBatch> {
  if (Array.isArray(source)) {
    for (const batch of source) yield checked(batch);
    return;
  }
  for await (const batch of streamOf(source as Exclude<BatchSource, readonly LabelledBatch[]>))
    try {
      yield checked(batch);
    } finally {
      tf.dispose(batch as tf.TensorContainer);
    }
}

/** Batches in one pass; where the source does not know, it is read once to count them. */
export async function sizeOf(source: BatchSource): Promise<number> {
  if (Array.isArray(source)) return source.length;
  const { size } = source as TfDataset;
  if (typeof size === 'number' && Number.isFinite(size) && size > 0) return size;
  let count = 0;
  for await (const _ of batchesOf(source)) count++;
  return count;
}

async function* streamOf(source: AsyncIterable<unknown> | TfDataset): AsyncGenerator<unknown> {
  if (typeof (source as AsyncIterable<unknown>)?.[Symbol.asyncIterator] === 'function') {
    yield* source as AsyncIterable<unknown>;
    return;
  }
  if (typeof (source as TfDataset)?.iterator !== 'function')
    throw new InputError('data must be a tf.data.Dataset, an array or an async iterable of batches {xs, ys}');
  const iterator = await (source as TfDataset).iterator();
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
}

function checked(batch: unknown): LabelledBatch {
  const { xs, ys } = (batch ?? {}) as Partial<LabelledBatch>;
  if (xs === undefined || ys === undefined)
    throw new InputError('a batch of the data must be {xs, ys}; map the data set to that and batch it');
  return { xs, ys };
}

/** The tensors of a batch in the order of names. @throws InputError where one is missing */
export function inOrder(tensors: Tensors, names: readonly string[], what: string): tf.Tensor[] {
  const list =
    tensors instanceof tf.Tensor
      ? [tensors]
      : Array.isArray(tensors)
        ? tensors
        : names.map(name => (tensors as Record<string, tf.Tensor>)[name]);
  if (list.length !== names.length || list.some(t => !(t instanceof tf.Tensor)))
    throw new InputError(`the ${what} of a batch must be tensors for ${names.join(', ')}`);
  return list;
}

/** Nothing was read: there is nothing, or a stream was read before, by the estimation of statistics or an earlier epoch. */
export function noBatch(): InputError {
  return new InputError(
    'the data hold no batch, or cannot be read a second time; give a tf.data.Dataset or an array of batches {xs, ys}',
  );
}
