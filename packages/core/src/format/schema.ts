import { InputError } from '../errors.js';

/** Reads an untrusted value into a fresh, clean one; `what` is how messages call it. @throws InputError */
export type Reader<T> = (value: unknown, what: string) => T;

/** Largest integer of any field: sizes, strides and pads are 32-bit integers in every backend. */
export const MAX_INT = 2 ** 31 - 1;

/** Tensors have at most this many axes. */
const MAX_RANK = 8;

const MAX_NAME = 256;

export function integer(min: number, max = MAX_INT): Reader<number> {
  return (value, what) => {
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max)
      return value as number;
    return wrong(value, what, `an integer from ${min} to ${max}`);
  };
}

export const finite: Reader<number> = (value, what) =>
  Number.isFinite(value) ? (value as number) : wrong(value, what, 'a finite number');

/** A finite number that float32 holds exactly: what backends compute with is what the file says. */
export const float32: Reader<number> = (value, what) =>
  Number.isFinite(value) && Math.fround(value as number) === value
    ? (value as number)
    : wrong(value, what, 'a finite float32 number');

export const positiveFloat32: Reader<number> = (value, what) => {
  const x = float32(value, what);
  return x > 0 ? x : wrong(value, what, 'greater than 0');
};

export const boolean: Reader<boolean> = (value, what) =>
  typeof value === 'boolean' ? value : wrong(value, what, 'true or false');

/** Any text that UTF-8 can hold. */
export const text: Reader<string> = (value, what) => {
  if (typeof value !== 'string') return wrong(value, what, 'a string');
  return /\p{Cs}/u.test(value) ? wrong(value, what, 'well-formed Unicode') : value;
};

/** A name of a node, parameter or tensor: 1 to 256 characters, none a control character or line break. */
export const name: Reader<string> = (value, what) => {
  const s = text(value, what);
  if (s.length === 0 || s.length > MAX_NAME)
    return wrong(value, what, `a name of 1 to ${MAX_NAME} characters`);
  // `__proto__` would be a trap for every reader that copies names into a plain object.
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(s) || s === '__proto__' ? wrong(value, what, 'a usable name') : s;
};

export function oneOf<T extends string | number>(...allowed: readonly T[]): Reader<T> {
  return (value, what) =>
    allowed.includes(value as T)
      ? (value as T)
      : wrong(value, what, `one of ${allowed.map(show).join(', ')}`);
}

export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (value, what) => (value === undefined ? undefined : read(value, what));
}

/** A list, of exactly `length` items when that is given. */
export function list<T>(item: Reader<T>, length?: number): Reader<T[]> {
  return (value, what) => {
    if (!Array.isArray(value)) return wrong(value, what, 'a list');
    if (length !== undefined && value.length !== length)
      throw new InputError(`${what} has ${value.length} items, not ${length}`);
    return Array.from(value, (v, i) => item(v, `item ${i} of ${what}`));
  };
}

/** A tensor's shape: 1 to 8 axes of at least 1. */
export const shape: Reader<number[]> = (value, what) => {
  const axes = list(integer(1))(value, what);
  if (axes.length < 1 || axes.length > MAX_RANK)
    throw new InputError(`${what} has ${axes.length} axes, not 1 to ${MAX_RANK}`);
  return axes;
};

/** An object with free keys, in sorted order. Fields that are undefined count as absent. */
export function dictionary<T>(item: Reader<T>): Reader<Record<string, T>> {
  return (value, what) => {
    const entries = entriesOf(value, what).map(([key, v]): [string, T] => {
      name(key, `key ${show(key)} of ${what}`);
      return [key, item(v, `${show(key)} of ${what}`)];
    });
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  };
}

/** An object with exactly these fields; an unknown one is an error. */
export function object<T>(fields: { readonly [K in keyof T]-?: Reader<T[K]> }): Reader<T> {
  return (value, what) => {
    const given = new Map(entriesOf(value, what));
    for (const key of given.keys())
      if (!Object.hasOwn(fields, key)) throw new InputError(`${what} has the unknown field ${show(key)}`);
    const out: Partial<T> = {};
    for (const key of Object.keys(fields) as (keyof T & string)[]) {
      const field = fields[key](given.get(key), `${key} of ${what}`);
      if (field !== undefined) out[key] = field;
    }
    return out as T;
  };
}

/** An object whose field `tag` says which of several sets of fields it has. */
export function variant<T>(
  tag: string,
  variants: Readonly<Record<string, Record<string, Reader<unknown>>>>,
): Reader<T> {
  const readers = new Map(
    Object.entries(variants).map(([kind, fields]) => [kind, object({ [tag]: oneOf(kind), ...fields })]),
  );
  return (value, what) => {
    const kind = new Map(entriesOf(value, what)).get(tag);
    const read = readers.get(kind as string);
    if (!read) return wrong(kind, `${tag} of ${what}`, `one of ${[...readers.keys()].join(', ')}`);
    return read(value, what) as T;
  };
}

function entriesOf(value: unknown, what: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return wrong(value, what, 'an object');
  return Object.entries(value).filter(([, v]) => v !== undefined);
}

function wrong(value: unknown, what: string, expected: string): never {
  throw new InputError(`${what} is ${show(value)}, not ${expected}`);
}

/** A short, one-line picture of an untrusted value. */
export function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return String(value);
  const quoted = JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  // What could break the line or steer a terminal, as JSON.stringify leaves some of it as it is.
  return quoted.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, c => `\\u{${c.codePointAt(0)?.toString(16)}}`);
}
