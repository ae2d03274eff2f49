import { InputError } from '../errors.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import type { InputDescription } from './model.js';

const f = Math.fround;

/**
 * What every pixel byte becomes in every channel, [channels][256]: `fl(fl(fl(p / 255) - mean) / std)`. The one
 * definition that training, evaluation and prediction share, so that a network always sees the same bits.
 * @throws InputError when the lists differ in length or hold a number that cannot be used
 */
export function pixelTable(mean: readonly number[], std: readonly number[]): Float32Array[] {
  if (mean.length !== std.length || mean.length === 0)
    throw new InputError(
      `the input has ${mean.length} means and ${std.length} standard deviations; it needs one of each per channel`,
    );
  return mean.map((m, c) => {
    const table = Float32Array.from({ length: 256 }, (_, p) => f(f(f(p / 255) - f(m)) / f(std[c])));
    if (!table.every(Number.isFinite))
      throw new InputError(
        `mean ${m} and standard deviation ${std[c]} of channel ${c} do not give finite pixels`,
      );
    return table;
  });
}

/**
 * Bytes -> a batch for the network.
 * @param pixels `count` pictures, row-major [count, ...input.shape], channels last
 * @returns float32 [count, ...input.shape]
 * @throws InputError when the bytes are not `count` pictures of the input's shape
 */
export function normalise(
  pixels: Uint8Array,
  count: number,
  input: Pick<InputDescription, 'shape' | 'mean' | 'std'>,
): Tensor {
  const table = pixelTable(input.mean, input.std);
  const channels = input.shape[input.shape.length - 1];
  if (table.length !== channels)
    throw new InputError(
      `the input has ${channels} channels but means and standard deviations for ${table.length}`,
    );
  const shape = [count, ...input.shape];
  const size = shape.reduce((a, b) => a * b, 1);
  if (pixels.length !== size)
    throw new InputError(
      `${count} pictures of ${input.shape.join('x')} have ${size} bytes, got ${pixels.length}`,
    );
  const data = new Float32Array(size);
  for (let i = 0; i < size; i += channels)
    for (let c = 0; c < channels; c++) data[i + c] = table[c][pixels[i + c]];
  return tensor(shape, data);
}
