import type { BackendFactory } from '@apb/core';
import { afterAll, describe, it } from 'vitest';
import { type ConformanceCase, type ConformanceOptions, conformanceCases } from './conformance.js';

/** Far above what the slowest case takes in plain TypeScript on a busy machine. */
const TIMEOUT = 120_000;

/**
 * Registers the conformance suite with vitest: one test per case and instruction set, forced one by one.
 * Operations that the backend lacks are skipped with the reason; a `required` one that it lacks fails.
 */
export function testBackend(make: BackendFactory, options: ConformanceOptions): void {
  describe('kernel backend conformance', async () => {
    const { cases, close } = await conformanceCases(make, options);
    afterAll(close);
    for (const isa of new Set(cases.map(c => c.isa)))
      describe(isa || 'any instruction set', () => {
        for (const one of cases.filter(c => c.isa === isa)) register(one);
      });
  });
}

function register({ name, op, skipped, run }: ConformanceCase): void {
  const title = `${op}: ${name}`;
  if (skipped === undefined) it(title, run, TIMEOUT);
  else it(`${title} (skipped: ${skipped})`, context => context.skip(skipped));
}
