import { checkActivation } from '../backend/checks.js';
import type { Activation } from '../backend/op.js';

const f = Math.fround;

/** Applies an activation in place to row-major values whose last axis has `channels` entries. */
export function activate(values: Float32Array, channels: number, a: Activation): void {
  checkActivation(a, channels);
  switch (a.kind) {
    case 'none':
      return;
    case 'relu':
      for (let i = 0; i < values.length; i++) values[i] = Math.max(values[i], 0);
      return;
    case 'clamp': {
      const min = f(a.min);
      const max = f(a.max);
      for (let i = 0; i < values.length; i++) {
        // Comparisons, not Math.min and Math.max, which would tell -0 from +0 where vector instructions do not.
        let y = values[i];
        if (!(y > min)) y = min;
        if (!(y < max)) y = max;
        values[i] = y;
      }
      return;
    }
    case 'prelu':
      for (let i = 0; i < values.length; i++)
        if (values[i] < 0) values[i] = f(a.slopes[i % channels] * values[i]);
      return;
  }
}
