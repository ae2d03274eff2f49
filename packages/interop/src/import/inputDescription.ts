import { type InputDescription, InputError, type Shape } from '@apb/core';

/** What an import had to assume, a line each. */
export interface InputNotes {
  readonly notes: readonly string[];
}

/**
 * How pictures become the input, and the names of classes, as `toOnnx` and `toTfjs` keep them in their metadata. Another
 * file does not say: then pixels are divided by 255, and a note tells so.
 * @throws InputError when the metadata are there but damaged
 */
export function inputOf(
  shape: Shape,
  metadata: ReadonlyMap<string, unknown>,
): InputNotes & { readonly input: InputDescription; readonly classes: readonly string[] } {
  const own = document(metadata, 'apb.input') as Partial<InputDescription> | undefined;
  const classes = document(metadata, 'apb.classes') as readonly string[] | undefined;
  const channels = shape[shape.length - 1];
  const { mean, std, resize } = own ?? {};
  // Whatever these hold, validateModel reads them as untrusted.
  return {
    input: {
      shape,
      mean: mean ?? new Array(channels).fill(0),
      std: std ?? new Array(channels).fill(1),
      resize: resize ?? { rule: 'exact' },
    },
    classes: classes ?? [],
    notes: own ? [] : ['the file does not say how pixels become its input; taken: divided by 255'],
  };
}

function document(metadata: ReadonlyMap<string, unknown>, key: string): unknown {
  const text = metadata.get(key);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(String(text));
  } catch {
    throw new InputError(`its metadata ${key} are no JSON`);
  }
}
