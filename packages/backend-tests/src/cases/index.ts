import { Random } from '../random.js';
import type { Scenario } from '../scenario.js';
import { convScenarios } from './conv2d.js';
import { elementwiseScenarios } from './elementwise.js';
import { gemmScenarios } from './gemm.js';
import { gemmIntScenarios } from './gemmInt.js';
import { poolScenarios } from './pools.js';
import { dequantizeScenarios, quantizeScenarios } from './quantize.js';

const made = new Map<number, readonly Scenario[]>();

/** All checks of a seed; made once, so that every instruction set and backend shares the expected results. */
export function scenarios(seed: number): readonly Scenario[] {
  let all = made.get(seed);
  if (all) return all;
  const randomFor = (name: string) => new Random(seed, name);
  const groups = [
    quantizeScenarios,
    dequantizeScenarios,
    gemmIntScenarios,
    gemmScenarios,
    convScenarios,
    poolScenarios,
    elementwiseScenarios,
  ];
  all = groups.flatMap(group => group(randomFor));
  made.set(seed, all);
  return all;
}
