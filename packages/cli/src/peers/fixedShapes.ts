import type { OnnxGraph, OnnxValue } from '@apb/interop';

/** An input, output or constant whose size is known. */
export type FixedValue = Omit<OnnxValue, 'dims'> & { readonly dims: readonly number[] };

/** A model for inputs of one size. */
export type FixedGraph = Omit<OnnxGraph, 'inputs' | 'outputs'> & {
  readonly inputs: readonly FixedValue[];
  readonly outputs: readonly FixedValue[];
};
