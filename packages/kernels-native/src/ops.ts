import { type OpName, opNames } from '@apb/core';

/** What this backend runs: on every instruction set the whole contract. */
export const nativeOps: ReadonlySet<OpName> = new Set(opNames);
