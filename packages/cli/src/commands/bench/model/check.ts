import type { Model, Tensor } from '@apb/core';
import { createSession, type Session } from '@apb/runtime';
import { randomBatch } from './batch.js';

/**
 * Of the outputs' norm. Sums of float layers round differently, and a value at a threshold may get the next code, which
 * changes outputs by less than this; a wrong kernel changes them altogether.
 */
const TOLERANCE = 0.05;

/**
 * Runs one picture and compares with the reference backend.
 * @throws Error when the outputs differ
 */
export async function checkModel(model: Model, session: Session, name: string): Promise<void> {
  const batch = randomBatch(model.graph.inputShape, 1, 0);
  const reference = await createSession(model, { backend: 'reference', env: {} });
  try {
    const error = relativeError(await session.run(batch), await reference.run(batch));
    // The negation also catches NaN.
    if (!(error <= TOLERANCE))
      throw new Error(`${name} is wrong: its outputs are ${error.toPrecision(2)} off those of the reference`);
  } finally {
    reference.dispose();
  }
}

/** |a - b| / |b| */
function relativeError(a: Tensor, b: Tensor): number {
  const squares = (of: (i: number) => number) => b.data.reduce((sum, _, i) => sum + of(i) ** 2, 0);
  return Math.sqrt(squares(i => a.data[i] - b.data[i]) / squares(i => b.data[i]));
}
