import { type BackendFactory, isUnusable, type OpName, opNames } from '@apb/core';
import { scenarios } from './cases/index.js';
import { executeNeeds } from './cases/network.js';
import { Mismatch } from './compare.js';
import { Rig } from './rig.js';
import { labelled, type Subject } from './scenario.js';

export interface ConformanceOptions {
  /** Operations the backend must have; a missing one is a failing case. Others are tested where present. */
  readonly required: readonly OpName[];
  /** Start of the random numbers; the environment variable APB_TEST_SEED goes first. */
  readonly seed?: number;
  /** Instruction sets to force one by one; all that the machine has by default. */
  readonly isas?: readonly string[];
  /** Thread limits whose results must be those of one thread; 3 by default, which divides few sizes evenly. */
  readonly threads?: readonly number[];
}

/** One check of the suite, independent of any test runner. */
export interface ConformanceCase {
  readonly name: string;
  readonly op: Subject;
  /** The forced instruction set, or '' for a case that belongs to none. */
  readonly isa: string;
  /** Present when there is nothing to run: why. */
  readonly skipped?: string;
  /** Rejects when the backend breaks the contract; the message holds the seed. */
  run(): Promise<void>;
}

export interface Conformance {
  readonly cases: readonly ConformanceCase[];
  /** Releases the backends that the cases shared. */
  close(): Promise<void>;
}

export interface Failure {
  readonly name: string;
  readonly op: Subject;
  readonly isa: string;
  readonly error: Error;
}

/** The whole suite for one backend as a list of cases that run in any order. */
export async function conformanceCases(
  make: BackendFactory,
  options: ConformanceOptions,
): Promise<Conformance> {
  const candidate = make();
  const probe = await candidate.probe();
  if (isUnusable(probe)) return unusable(`${probe.unusable} ${probe.fix}`, options.required);
  const seed = seedOf(options);
  const rigs = (options.isas ?? probe.isas).map(isa => new Rig(make, isa, options.threads ?? [3]));
  const cases = rigs.flatMap(rig =>
    scenarios(seed).map(({ subject, name, run }): ConformanceCase => {
      const skipped = whySkipped(subject, probe.ops, candidate.compile !== undefined);
      return {
        name,
        op: subject,
        isa: rig.isa,
        ...(skipped ? { skipped } : {}),
        run: () => run(rig).catch(error => Promise.reject(replayable(error, seed))),
      };
    }),
  );
  const close = async () => {
    for (const rig of rigs) await rig.close();
  };
  return { cases: [...requiredCases(probe.ops, options.required), ...cases], close };
}

/** Runs the suite without a test runner and lists what failed. `only` picks cases. */
export async function checkBackend(
  make: BackendFactory,
  options: ConformanceOptions,
  only: (one: ConformanceCase) => boolean = () => true,
): Promise<Failure[]> {
  const { cases, close } = await conformanceCases(make, options);
  const failures: Failure[] = [];
  for (const one of cases.filter(c => c.skipped === undefined && only(c)))
    await one.run().catch(error => failures.push({ name: one.name, op: one.op, isa: one.isa, error }));
  await close();
  return failures;
}

function requiredCases(ops: ReadonlySet<OpName>, required: readonly OpName[]): ConformanceCase[] {
  return required.map(op => ({
    name: `has the required ${op}`,
    op,
    isa: '',
    run: async () => {
      if (!ops.has(op)) throw new Mismatch(`${op} is required but not among the capabilities`);
    },
  }));
}

/** A backend that cannot run here fails what is required of it; with nothing required it is one skipped case. */
function unusable(reason: string, required: readonly OpName[]): Conformance {
  const run = async () => {
    throw new Mismatch(`the backend is not usable here: ${reason}`);
  };
  const skipped = required.length ? {} : { skipped: reason };
  return {
    cases: [{ name: 'is usable here', op: 'lifecycle', isa: '', ...skipped, run }],
    close: async () => {},
  };
}

function seedOf({ seed = 1 }: ConformanceOptions): number {
  // Reached through globalThis because a browser has no process.
  const text = globalThis.process?.env?.APB_TEST_SEED;
  if (!text) return seed;
  if (!/^\d+$/.test(text)) throw new RangeError(`APB_TEST_SEED must be a whole number, got ${text}`);
  return Number(text);
}

function replayable(error: unknown, seed: number): Error {
  return labelled(`seed ${seed} (replay with APB_TEST_SEED=${seed})`, error);
}

function whySkipped(subject: Subject, ops: ReadonlySet<OpName>, whole: boolean): string | undefined {
  if (subject === 'execute') {
    if (!whole) return 'the backend has no compile';
    const missing = executeNeeds.find(op => !ops.has(op));
    return missing && `its network needs ${missing}, which is not among the capabilities`;
  }
  const isOp = (opNames as readonly string[]).includes(subject);
  return isOp && !ops.has(subject as OpName) ? `${subject} is not among the capabilities` : undefined;
}
