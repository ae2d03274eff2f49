import { Random } from '../random.js';
import type { Scenario } from '../scenario.js';
import { convScenarios } from './conv2d.js';
import { elementwiseScenarios } from './elementwise.js';
import { executeScenarios } from './execute.js';
import { gemmScenarios } from './gemm.js';
import { gemmIntScenarios } from './gemmInt.js';
import { lifecycleScenarios, misuseScenarios } from './lifecycle.js';
import { poolScenarios } from './pools.js';
import { prepareScenarios } from './prepareWeights.js';
import { dequantizeScenarios, quantizeScenarios } from './quantize.js';
import { transferScenarios } from './transfer.js';

const made = new Map<number, readonly Scenario[]>();

/** All checks of a seed; made once, so that every instruction set and backend shares the expected results. */
export function scenarios(seed: number): readonly Scenario[] {
  let all = made.get(seed);
  if (all) return all;
  const randomFor = (name: string) => new Random(seed, name);
  const groups = [
    lifecycleScenarios,
    transferScenarios,
    prepareScenarios,
    quantizeScenarios,
    dequantizeScenarios,
    gemmIntScenarios,
    gemmScenarios,
    convScenarios,
    poolScenarios,
    elementwiseScenarios,
    executeScenarios,
  ];
  const own = groups.flatMap(group => group(randomFor));
  all = [...own, ...misuseScenarios(own, randomFor)];
  made.set(seed, all);
  return all;
}
