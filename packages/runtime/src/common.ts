export { normalise } from '@apb/core';
export type { LoadBytes } from './load/load.js';
export type { LoadOptions, LoadProgress, ModelSource } from './load/source.js';
export { type PlanOptions, planModel } from './planner/plan.js';
export type { ExplainedStep, ProfiledStep } from './runners/runner.js';
export {
  type Candidate,
  type ProbeReport,
  probeBackends,
  type Rejection,
  type Selection,
  type SelectOptions,
  selectBackend,
} from './select.js';
export type { CreateSession, Explanation, RunOptions, Session, SessionOptions } from './session.js';
