import { InputError, type Model } from '@apb/core';
import { createSession, normalise, type SessionOptions } from '@apb/runtime';
import { type Dataset, firstOf, pixelBatches } from '@apb/trainer/data';

/** Pictures per call of the session. */
const BATCH = 100;

export interface Evaluation {
  readonly top1: number;
  readonly images: number;
  /** Pictures over the time inside session.run; loading and preparing are left out. */
  readonly imagesPerSecond: number;
  readonly backend: string;
  readonly isa: string;
  readonly opsByBackend: Readonly<Record<string, number>>;
}

/**
 * Top-1 accuracy (0 to 1) of a packed model on the first `limit` test pictures.
 * Pictures that cannot be read do not count.
 * @throws InputError when the pictures do not fit the model's input, or none can be read
 */
export async function evaluate(
  model: Model,
  data: Dataset,
  {
    limit,
    onProgress,
    ...options
  }: Omit<SessionOptions, 'onProgress'> & {
    limit?: number;
    onProgress?: (done: number, total: number) => void;
  },
): Promise<Evaluation> {
  checkFits(model, data);
  const pictures = firstOf(data.test, limit);
  const session = await createSession(model, options);
  try {
    let [correct, images, seconds] = [0, 0, 0];
    for await (const { pixels, labels, count } of pixelBatches(pictures, BATCH)) {
      const batch = normalise(pixels, count, model.input);
      const started = performance.now();
      const scores = await session.run(batch);
      seconds += (performance.now() - started) / 1e3;
      const classes = scores.data.length / count;
      for (let i = 0; i < count; i++)
        if (argmax(scores.data.subarray(i * classes, (i + 1) * classes)) === labels[i]) correct++;
      images += count;
      onProgress?.(images, pictures.count);
    }
    if (images === 0)
      throw new InputError(`not one test picture of ${data.name} can be read; look at its files`);
    const { backend, isa } = session.explain();
    return {
      top1: correct / images,
      images,
      imagesPerSecond: images / seconds,
      backend,
      isa,
      opsByBackend: session.opsByBackend,
    };
  } finally {
    session.dispose();
  }
}

/** Index of the largest score; the first of equals. */
export function argmax(scores: Float32Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return best;
}

/** @throws InputError when the data set's pictures or classes are not the model's */
export function checkFits(model: Pick<Model, 'input' | 'classes'>, data: Dataset): void {
  if (model.input.shape.join() !== data.shape.join())
    throw new InputError(
      `the model takes pictures of ${model.input.shape.join('x')}, ${data.name} has ${data.shape.join('x')}; choose the data set it was trained on`,
    );
  if (model.classes.length > 0 && model.classes.join('\n') !== data.classes.join('\n'))
    throw new InputError(
      `the model tells ${listed(model.classes)} apart, ${data.name} has ${listed(data.classes)}; choose the data set it was trained on`,
    );
}

/** How many classes, and the first of them. */
function listed(classes: readonly string[]): string {
  return `${classes.length} classes (${classes.slice(0, 3).join(', ')}${classes.length > 3 ? ', ...' : ''})`;
}
