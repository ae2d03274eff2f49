import { InputError } from '@apb/core';
import type { Failure } from './protocol.js';

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { kind: 'Error', message: String(error) };
  const { message } = error;
  if (error instanceof InputError) return { kind: 'InputError', message };
  if (error instanceof RangeError) return { kind: 'RangeError', message };
  return { kind: error instanceof TypeError ? 'TypeError' : 'Error', message };
}

const classes = { InputError, RangeError, TypeError, Error };

/** The same class and message on this side. */
export function errorOf({ kind, message }: Failure): Error {
  return new classes[kind](message);
}
