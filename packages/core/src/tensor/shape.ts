/** Sizes of a tensor's axes, outermost first. Activations are NHWC; `[]` is a scalar. */
export type Shape = readonly number[];

/**
 * Number of elements of a shape.
 * @throws RangeError when an axis is not a non-negative integer or the product exceeds 2^53 - 1
 */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const axis of shape) {
    if (!Number.isInteger(axis) || axis < 0) throw new RangeError(`shape [${shape}] has the axis ${axis}`);
    size *= axis;
  }
  if (!Number.isSafeInteger(size)) throw new RangeError(`shape [${shape}] has too many elements`);
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i]);
}
