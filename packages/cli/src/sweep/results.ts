import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryOf } from '@apb/core';
import type { EpochMetrics } from '@apb/trainer';
import { loadModel } from '../modelFile.js';
import type { PlannedRun } from './plan.js';

/** What came of one run. */
export interface RunResult {
  readonly name: string;
  readonly method: string;
  readonly group: string;
  readonly grid: Readonly<Record<string, unknown>>;
  readonly weights: string;
  readonly activations: number;
  readonly seed?: unknown;
  readonly status: 'done' | 'failed';
  readonly error?: string;
  /** Of the test pictures after the last epoch. */
  readonly top1?: number;
  readonly bitsPerWeight?: number;
  readonly fullPrecisionShare?: number;
  readonly fileBytes?: number;
}

/** Mean and sample standard deviation; null for one value. */
export interface Spread {
  readonly mean: number;
  readonly std: number | null;
}

/** Runs that differ in their seed alone. */
export interface GroupResult {
  readonly group: string;
  readonly method: string;
  readonly weights: string;
  readonly activations: number;
  readonly grid: Readonly<Record<string, unknown>>;
  /** How many of its runs are done, of how many. */
  readonly done: number;
  readonly runs: number;
  readonly top1: Spread;
  readonly bitsPerWeight: Spread;
  readonly fileBytes: Spread;
  /** Whether no other group has as few bytes and as high a top-1. */
  readonly pareto: boolean;
}

/** Whether a run in a folder has come to its end. */
export async function isFinished(folder: string): Promise<boolean> {
  return (await stat(join(folder, 'model.safetensors')).catch(() => undefined))?.isFile() ?? false;
}

/** Reads a finished run. @throws InputError when a file of it is damaged */
export async function resultOf(run: PlannedRun, folder: string): Promise<RunResult> {
  const { model, fileBytes } = await loadModel(folder);
  const lines = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  const { testTop1, fullPrecisionShare } = JSON.parse(lines[lines.length - 1]) as EpochMetrics;
  const { compressed } = memoryOf(model, fileBytes).totals;
  return {
    ...known(run),
    status: 'done',
    top1: testTop1,
    bitsPerWeight: compressed.weights === 0 ? 32 : compressed.bitsPerWeight,
    fullPrecisionShare,
    fileBytes,
  };
}

export function failureOf(run: PlannedRun, error: string): RunResult {
  return { ...known(run), status: 'failed', error };
}

function known({ name, method, group, grid, settings }: PlannedRun) {
  const {
    weights = 'apb',
    activations = 32,
    seed,
  } = settings as { weights?: string; activations?: number; seed?: unknown };
  return { name, method, group, grid, weights, activations, ...(seed !== undefined && { seed }) };
}

/** Groups in the order of their first runs; those without a finished run are left out. */
export function groupsOf(results: readonly RunResult[]): GroupResult[] {
  const names = [...new Set(results.map(r => r.group))];
  const groups = names.flatMap(group => {
    const all = results.filter(r => r.group === group);
    const done = all.filter(r => r.status === 'done');
    if (done.length === 0) return [];
    const { method, weights, activations, grid } = done[0];
    const of = (value: (r: RunResult) => number | undefined) => spreadOf(done.map(r => value(r)!));
    return [
      {
        ...{ group, method, weights, activations, grid, done: done.length, runs: all.length },
        top1: of(r => r.top1),
        bitsPerWeight: of(r => r.bitsPerWeight),
        fileBytes: of(r => r.fileBytes),
      },
    ];
  });
  return groups.map(own => ({ ...own, pareto: !groups.some(other => dominates(other, own)) }));
}

type Figures = Pick<GroupResult, 'top1' | 'fileBytes'>;

/** Whether a is as good as b in both, and better in one. */
function dominates(a: Figures, b: Figures): boolean {
  const [top1, bytes] = [a.top1.mean - b.top1.mean, b.fileBytes.mean - a.fileBytes.mean];
  return top1 >= 0 && bytes >= 0 && top1 + bytes > 0;
}

export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (values.length < 2) return { mean, std: null };
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (values.length - 1)) };
}
