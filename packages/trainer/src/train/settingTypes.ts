import { z } from 'zod';

/** Kinds of settings. Each says in `need` what it must be, for errors ("must be ...") and for the docs. */

/** An integer from `min` to `max`. */
export const integer = (min: number, max = Number.MAX_SAFE_INTEGER) => {
  const need =
    max < Number.MAX_SAFE_INTEGER ? `an integer from ${min} to ${max}` : `an integer of at least ${min}`;
  return z.number(need).int(need).min(min, need).max(max, need).meta({ need });
};

export const atLeast0 = atLeast('a number of at least 0');
export const above0 = z
  .number('a number above 0')
  .positive('a number above 0')
  .meta({ need: 'a number above 0' });
export const share = atLeast('a number from 0 to 1', 1);

/** A number above 0, up to `max`. */
export const upTo = (max: number) => {
  const need = `a number above 0, up to ${max}`;
  return z.number(need).positive(need).max(max, need).meta({ need });
};

/** A number of at least 0, below 1. */
export const below1 = z
  .number('a number of at least 0, below 1')
  .min(0, 'a number of at least 0, below 1')
  .lt(1, 'a number of at least 0, below 1')
  .meta({ need: 'a number of at least 0, below 1' });

export const yesOrNo = z.boolean('true or false').meta({ need: 'true or false' });
export const text = z.string('a text').min(1, 'a text').meta({ need: 'a text' });

export const oneOf = <const T extends readonly (string | number)[]>(...known: T) => {
  const need = `one of ${known.join(', ')}`;
  return z.literal(known as readonly T[number][] as T[number][], need).meta({ need });
};

export const list = <T extends z.ZodType>(of: T) => z.array(of, 'a list').min(1, 'a list of at least one');

/** An object of these settings and no others. */
export const object = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape, 'an object');

/** An object whose setting `key` says which others it has. */
export function variants<K extends string, V extends Readonly<Record<string, z.ZodRawShape>>>(
  key: K,
  shapes: V,
) {
  const need = `one of ${Object.keys(shapes).join(', ')}`;
  const options = Object.entries(shapes).map(([name, shape]) =>
    z.strictObject({ [key]: z.literal(name, need).meta({ need: name }), ...shape }),
  );
  return z.discriminatedUnion(key, options as never, need) as unknown as z.ZodType<
    { [N in keyof V]: Variant<K, N, V[N]> }[keyof V]
  >;
}

type Variant<K extends string, N, S extends z.ZodRawShape> = { [k in K]: N } & z.output<z.ZodObject<S>>;

/** What a schema takes, in words. */
export function needOf(schema: z.core.$ZodType): string {
  const need = z.globalRegistry.get(schema)?.need;
  if (typeof need === 'string') return need;
  const { def } = (schema as z.ZodType)._zod as unknown as { def: Definition };
  switch (def.type) {
    case 'optional':
    case 'default':
      return needOf(def.innerType!);
    case 'pipe':
      return needOf(def.out!);
    case 'array':
      return `a list, each ${needOf(def.element!)}`;
    case 'union':
      return def.options!.map(needOf).join(' or ');
    case 'object': {
      const fields = Object.entries(def.shape!).map(([key, own]) => `${key}${markOf(own)}: ${needOf(own)}`);
      return `{${fields.join('; ')}}`;
    }
    default:
      return 'anything';
  }
}

/** The parts of zod's definitions that are read here. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly out?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
}

function markOf(schema: z.core.$ZodType): string {
  return ['optional', 'default'].includes(schema._zod.def.type) ? '?' : '';
}

function atLeast(need: string, max = Number.MAX_VALUE) {
  return z.number(need).min(0, need).max(max, need).meta({ need });
}
