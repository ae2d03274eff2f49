import type { DeviceBuffer, KernelBackend } from '@apb/core';

/** Of the largest value: what float32 sums of some thousand terms may differ by. */
const FLOAT_TOLERANCE = 1e-4;
/** Of the words of planes: values so close to a threshold that a sum's rounding moves them over it. */
const PLANES_TOLERANCE = 0.01;

type OnBackend = readonly [buffer: DeviceBuffer, backend: KernelBackend];

/**
 * What differs between the values of two backends, or undefined.
 * @param exact every bit has to be the same
 */
export function compareBuffers(given: OnBackend, wanted: OnBackend, exact: boolean): string | undefined {
  return wanted[0].spec.kind === 'float'
    ? compareFloats(floatsOf(given), floatsOf(wanted), exact)
    : compareWords(wordsOf(given), wordsOf(wanted), exact);
}

function floatsOf([buffer, backend]: OnBackend): Float32Array {
  return backend.download(buffer).data;
}

function wordsOf([buffer, backend]: OnBackend): Uint32Array {
  return backend.exportPlanes(buffer).words;
}

function compareFloats(given: Float32Array, wanted: Float32Array, exact: boolean): string | undefined {
  const largest = wanted.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  const tolerance = exact ? 0 : FLOAT_TOLERANCE * largest;
  // The negation also catches NaN.
  const wrong = wanted.findIndex((value, i) => !(Math.abs(value - given[i]) <= tolerance));
  return wrong < 0 ? undefined : `value ${wrong} is ${given[wrong]}, not ${wanted[wrong]}`;
}

function compareWords(given: Uint32Array, wanted: Uint32Array, exact: boolean): string | undefined {
  const wrong = wanted.reduce((count, word, i) => count + (word === given[i] ? 0 : 1), 0);
  if (wrong <= (exact ? 0 : PLANES_TOLERANCE * wanted.length)) return undefined;
  return `${wrong} of ${wanted.length} words of its planes differ`;
}
