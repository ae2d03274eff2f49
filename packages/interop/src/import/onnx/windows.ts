import { InputError, type Pads, type Pair, type Shape, samePads } from '@apb/core';
import type { Window } from '../graphBuilder.js';
import type { Operator } from './operator.js';

const NO_PADS: Pads = [0, 0, 0, 0];

/**
 * Strides, dilations and pads of a sliding window, `auto_pad` resolved and, for pools, what `ceil_mode` adds.
 * @param shape of the picture, [H, W, C]
 */
export function windowOf(
  { attributes, what }: Operator,
  shape: Shape,
  window: Pair,
): Window & { readonly dilations: Pair; readonly ceiled: boolean } {
  const strides = checked(attributes.pair('strides', [1, 1]), 'strides', what, 1);
  const dilations = checked(attributes.pair('dilations', [1, 1]), 'dilations', what, 1);
  checked(window, 'kernel_shape', what, 1);
  const given = attributes.integers('pads', 4) as unknown as Pads | undefined;
  const auto = attributes.text('auto_pad', 'NOTSET');
  const pads = autoPads(auto, given, shape, window, strides, dilations, what);
  const extra =
    attributes.integer('ceil_mode', 0) === 1 ? ceilPads(shape, window, strides, dilations, pads) : [0, 0];
  return {
    strides,
    dilations,
    pads: [pads[0], pads[1], pads[2] + extra[0], pads[3] + extra[1]],
    ceiled: extra.some(pad => pad > 0),
  };
}

function autoPads(
  auto: string,
  given: Pads | undefined,
  shape: Shape,
  window: Pair,
  strides: Pair,
  dilations: Pair,
  what: string,
): Pads {
  switch (auto) {
    case 'NOTSET':
      return checked(given ?? NO_PADS, 'pads', what, 0);
    case 'VALID':
      return NO_PADS;
    case 'SAME_UPPER':
    case 'SAME_LOWER': {
      const [[top, bottom], [left, right]] = [0, 1].map(axis =>
        samePads(shape[axis], window[axis], strides[axis], dilations[axis]),
      );
      return auto === 'SAME_UPPER' ? [top, left, bottom, right] : [bottom, right, top, left];
    }
    default:
      throw new InputError(`${what}: its auto_pad ${JSON.stringify(auto)} is not known`);
  }
}

/** Padding behind that lets one more window in where the last stride is cut short, as long as it starts inside. */
function ceilPads(shape: Shape, window: Pair, strides: Pair, dilations: Pair, pads: Pads): number[] {
  return [0, 1].map(axis => {
    const span = dilations[axis] * (window[axis] - 1) + 1;
    const rest = shape[axis] + pads[axis] + pads[axis + 2] - span;
    const more = (strides[axis] - (rest % strides[axis])) % strides[axis];
    const starts = rest + more;
    return rest < 0 || starts >= shape[axis] + pads[axis] ? 0 : more;
  });
}

function checked<T extends readonly number[]>(values: T, field: string, what: string, min: number): T {
  if (values.some(v => !Number.isInteger(v) || v < min || v > 2 ** 31 - 1))
    throw new InputError(`${what}: its ${field} [${values}] must be integers of at least ${min}`);
  return values;
}
