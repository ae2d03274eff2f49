import { type Shape, sizeOf } from './shape.js';

/** A dense, row-major float32 tensor. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/**
 * Pairs a shape with its data; zero-filled when no data is given.
 * @throws RangeError when the data's length is not the shape's size
 */
export function tensor(shape: Shape, data?: Float32Array): Tensor {
  const size = sizeOf(shape);
  if (data && data.length !== size)
    throw new RangeError(`shape [${shape}] holds ${size} elements, the data has ${data.length}`);
  return { shape: [...shape], data: data ?? new Float32Array(size) };
}

/**
 * Refuses NaN and infinities where they enter, so that no result is silently wrong.
 * @throws RangeError naming `what` and the first offending index
 */
export function assertFinite(values: Float32Array, what: string): void {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i]))
      throw new RangeError(`${what} holds ${values[i]} at index ${i}; every value must be finite`);
}
