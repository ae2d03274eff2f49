import type { InputDescription, Tensor } from '@apb/core';
import type { LoadProgress, ModelSource } from '../load/source.js';
import type { ProfiledStep } from '../runners/runner.js';
import type { SelectOptions } from '../select.js';
import type { Explanation } from '../session.js';

/** Everything that crosses between page and worker is plain data; each request has a number and one answer. */

export interface OpenRequest {
  readonly source: ModelSource;
  readonly select: Omit<SelectOptions, 'env'>;
  readonly maxBytes?: number;
}

export type Request =
  | ({ readonly kind: 'open'; readonly id: number } & OpenRequest)
  | { readonly kind: 'run'; readonly id: number; readonly batch: Tensor }
  | { readonly kind: 'abort'; readonly id: number };

export interface Opened {
  readonly input: InputDescription;
  readonly classes: readonly string[];
  readonly explanation: Explanation;
  readonly opsByBackend: Readonly<Record<string, number>>;
  readonly profile: readonly ProfiledStep[];
}

export interface Ran {
  readonly output: Tensor;
  readonly profile: readonly ProfiledStep[];
}

export type Answer =
  | { readonly id: number; readonly progress: LoadProgress }
  | { readonly id: number; readonly value: Opened | Ran }
  | { readonly id: number; readonly failure: Failure };

/** An error as plain data: a structured clone would lose the class of all but the language's own. */
export interface Failure {
  readonly kind: 'InputError' | 'RangeError' | 'TypeError' | 'Error';
  readonly message: string;
}
