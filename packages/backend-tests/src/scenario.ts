import type { BufferSpec, KernelBackend, KernelWeights, Op, OpName, WeightUse } from '@apb/core';
import { expectSame, Mismatch } from './compare.js';
import type { Random } from './random.js';
import type { Rig } from './rig.js';
import { inTheMiddle, junk, put, take, type Value } from './values.js';

/** What a case is about: an operation, or a part of the contract that every backend has. */
export type Subject = OpName | 'transfer' | 'lifecycle' | 'prepareWeights' | 'execute';

/** One named check, the same for every backend and instruction set. */
export interface Scenario {
  readonly subject: Subject;
  readonly name: string;
  /** Present where the check is made of runs of one operation. */
  readonly problems?: () => readonly Problem[];
  run(rig: Rig): Promise<void>;
}

/** One run of one operation with its expected result. */
export interface Problem {
  readonly label: string;
  readonly op: Op;
  readonly inputs: readonly Value[];
  readonly weights?: { readonly values: KernelWeights; readonly use: WeightUse };
  readonly out: BufferSpec;
  /** @throws Mismatch */
  check(got: Value): void;
}

/** A scenario of problems, made once at first use and shared by every instruction set. */
export function problemScenario(subject: OpName, name: string, problems: () => Problem[]): Scenario {
  const made = once(problems);
  return {
    subject,
    name,
    problems: made,
    run: rig =>
      rig.compareThreads(backend => {
        return made().map(problem => {
          try {
            const got = solve(backend, problem);
            problem.check(got);
            return got;
          } catch (error) {
            throw labelled(problem.label, error);
          }
        });
      }),
  };
}

/** The result, after a run into memory as the backend allocates it and one over junk; both must agree. */
export function solve(backend: KernelBackend, problem: Problem): Value {
  const inputs = problem.inputs.map(value => put(backend, value));
  const weights =
    problem.weights && backend.prepareWeights(shifted(problem.weights.values), problem.weights.use);
  const outputs = [backend.alloc(problem.out), junk(backend, problem.out)];
  const [first, second] = outputs.map(out => {
    backend.run(problem.op, inputs, out, weights);
    return take(backend, out);
  });
  problem.inputs.forEach((value, i) => {
    expectSame(take(backend, inputs[i]), value, `input ${i} after the run`);
  });
  for (const owned of [...inputs, ...outputs, ...(weights ? [weights] : [])]) owned.dispose();
  expectSame(second, first, 'the same run into a buffer that held other data');
  return first;
}

/** The weights with every typed array in the middle of a larger one. */
export function shifted(weights: KernelWeights): KernelWeights {
  switch (weights.kind) {
    case 'float':
      return { ...weights, values: inTheMiddle(weights.values) };
    case 'twoBit':
      return {
        ...weights,
        codes: { ...weights.codes, words: inTheMiddle(weights.codes.words) },
        scales: inTheMiddle(weights.scales),
      };
    case 'apb':
      return {
        ...weights,
        signs: { ...weights.signs, words: inTheMiddle(weights.signs.words) },
        scales: inTheMiddle(weights.scales),
        positions: inTheMiddle(weights.positions),
        values: inTheMiddle(weights.values),
      };
  }
}

/** Streams of random numbers, one per scenario name, so that a case can be replayed alone. */
export type RandomFor = (name: string) => Random;

export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

export function labelled(label: string, error: unknown): Mismatch {
  return new Mismatch(`${label}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}
