import { type InputDescription, InputError, normalise, type Tensor, tensor } from '@apb/core';
import type { Dataset, Split } from '@apb/trainer/data';

/** Pictures ready for the network, and their classes. */
export interface Pictures {
  readonly images: Tensor;
  readonly labels: readonly number[];
}

/** Pictures read at a time. */
const BATCH = 100;

/**
 * Training pictures to calibrate on and others to check on, both spread evenly over the training set, whose pictures
 * may be sorted by class. Small sets give two thirds to the first.
 * @throws InputError when hardly any can be read
 */
export async function calibrationPictures(
  data: Dataset,
  input: InputDescription,
  wanted: { readonly calibration: number; readonly check: number },
): Promise<{ calibration: Pictures; check: Pictures }> {
  const both = wanted.calibration + wanted.check;
  const total = Math.min(data.train.count, both);
  const checks = total === both ? wanted.check : Math.floor(total / 3);
  const calibration: number[] = [];
  const check: number[] = [];
  for (let i = 0; i < total; i++) {
    const at = Math.floor(((i + 0.5) * data.train.count) / total);
    const isCheck = Math.floor(((i + 1) * checks) / total) > Math.floor((i * checks) / total);
    (isCheck ? check : calibration).push(at);
  }
  const [first, second] = [
    await readPictures(data.train, input, calibration),
    await readPictures(data.train, input, check),
  ];
  if (!first || !second)
    throw new InputError(`${data.name} has too few training pictures that can be read; look at its files`);
  return { calibration: first, check: second };
}

/** Undefined where not one can be read. */
async function readPictures(
  split: Split,
  input: InputDescription,
  indices: readonly number[],
): Promise<Pictures | undefined> {
  const parts: Float32Array[] = [];
  const labels: number[] = [];
  for await (const batch of split.read(requests(indices))) {
    parts.push(normalise(batch.pixels, batch.count, input).data);
    labels.push(...batch.labels.subarray(0, batch.count));
  }
  if (labels.length === 0) return undefined;
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const images = new Float32Array(size);
  let at = 0;
  for (const part of parts) {
    images.set(part, at);
    at += part.length;
  }
  return { images: tensor([labels.length, ...input.shape], images), labels };
}

function* requests(indices: readonly number[]): Generator<readonly number[]> {
  for (let at = 0; at < indices.length; at += BATCH) yield indices.slice(at, at + BATCH);
}
