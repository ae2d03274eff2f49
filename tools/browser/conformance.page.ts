import { conformanceCases } from '@apb/backend-tests';
import { opNames } from '@apb/core';
import { createWasmBackend } from '@apb/kernels-wasm';

// Every build that this browser runs.
const { cases, close } = await conformanceCases(createWasmBackend, { required: opNames });

/** Called by conformance.test.ts. */
const conformance = {
  cases: cases.map(({ name, op, isa, skipped }) => ({ name, op, isa, skipped })),
  /** What is wrong, or undefined. */
  run: (i: number) =>
    cases[i].run().then(
      () => undefined,
      error => String(error?.message ?? error),
    ),
  close,
};
Object.assign(globalThis, { conformance });
export type ConformancePage = typeof conformance;
