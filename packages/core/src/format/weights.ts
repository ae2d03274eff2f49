import { type Planes, validatePlanes } from '../bits/planes.js';
import { InputError } from '../errors.js';
import type { ValueType, WeightData } from '../graph/model.js';
import { roundToFloat16 } from '../tensor/float16.js';
import { assertFinite } from '../tensor/tensor.js';
import { elementsOf } from './container.js';
import * as s from './schema.js';

/**
 * Checks one parameter: shape, planes, scales, positions and values.
 * @throws InputError naming `what` and the part
 */
export function checkWeight(w: WeightData, what: string): void {
  s.shape(w.shape, `shape of ${what}`);
  const size = elementsOf(w.shape, what);
  const rows = w.shape[0];
  const planes = (
    p: Planes,
    part: string,
    kind: 'sign' | 'code',
    bits: number,
    n = rows,
    k = size / rows,
  ) => {
    if (p.kind !== kind || p.bits !== bits || p.rows !== n || p.k !== k)
      throw new InputError(
        `${part} of ${what} are ${p.bits}-bit ${p.kind} planes of [${p.rows}, ${p.k}], ` +
          `not ${bits}-bit ${kind} planes of [${n}, ${k}]`,
      );
    orInputError(`${part} of ${what}`, () => validatePlanes(p));
  };
  switch (w.encoding) {
    case 'float':
      if (w.values.length !== size)
        throw new InputError(`${what} of shape [${w.shape}] has ${w.values.length} values, not ${size}`);
      checkValues(w.values, 'float32', what);
      break;
    case 'apb': {
      const { signs, scales, positions, values } = w.weights;
      planes(signs, 'signs', 'sign', 1);
      checkScales(scales, rows, what);
      checkSparse(positions, values, w.valueType, size, what);
      break;
    }
    case 'binary':
      planes(w.signs, 'signs', 'sign', 1);
      checkScales(w.scales, rows, what);
      break;
    case 'ternary':
      planes(w.nonzero, 'nonzero', 'code', 1);
      planes(w.signs, 'signs', 'sign', 1);
      if (w.signs.words.some((word, i) => word & ~w.nonzero.words[i]))
        throw new InputError(`signs of ${what} are set where its weights are zero`);
      checkScales(w.scales, rows, what);
      break;
    case 'kbit':
      planes(w.codes, 'codes', 'code', s.integer(1, 8)(w.codes.bits, `bits of ${what}`));
      checkScales(w.scales, rows, what);
      break;
    case 'sparse':
      checkSparse(w.positions, w.values, w.valueType, size, what);
      break;
    case 'sparseKbit':
      planes(
        w.codes,
        'codes',
        'code',
        s.integer(1, 8)(w.codes.bits, `bits of ${what}`),
        1,
        w.positions.length,
      );
      checkPositions(w.positions, size, what);
      checkScales(w.scales, rows, what);
      break;
    default:
      throw new InputError(`${what} has the unknown encoding ${s.show((w as WeightData).encoding)}`);
  }
}

function checkScales(scales: Float32Array, rows: number, what: string): void {
  if (scales.length !== 1 && scales.length !== rows)
    throw new InputError(
      `${what} has ${scales.length} scales, neither 1 nor one per output channel (${rows})`,
    );
  for (const x of scales)
    if (!(x > 0) || !Number.isFinite(x))
      throw new InputError(`${what} has the scale ${x}, not a positive number`);
}

function checkSparse(
  positions: Uint32Array,
  values: Float32Array,
  valueType: ValueType,
  size: number,
  what: string,
): void {
  if (positions.length !== values.length)
    throw new InputError(`${what} has ${positions.length} positions for ${values.length} values`);
  checkPositions(positions, size, what);
  checkValues(values, s.oneOf<ValueType>('float32', 'float16')(valueType, `valueType of ${what}`), what);
}

function checkPositions(positions: Uint32Array, size: number, what: string): void {
  positions.forEach((at, i) => {
    if (at >= size) throw new InputError(`${what} has the position ${at} of only ${size} weights`);
    if (i > 0 && at <= positions[i - 1])
      throw new InputError(`positions of ${what} are not ascending at index ${i}`);
  });
}

function checkValues(values: Float32Array, type: ValueType, what: string): void {
  orInputError(what, () => assertFinite(values, 'it'));
  if (type === 'float32') return;
  const odd = values.findIndex(x => roundToFloat16(x) !== x);
  if (odd >= 0)
    throw new InputError(
      `${what} has the value ${values[odd]} that float16 cannot hold; round values before storing them`,
    );
}

function orInputError(what: string, check: () => void): void {
  try {
    check();
  } catch (e) {
    throw new InputError(`${what}: ${(e as Error).message}`);
  }
}
