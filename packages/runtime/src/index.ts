export { normalise } from '@apb/core';
export { defaultCandidates } from './candidates.js';
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
export {
  createSession,
  type Explanation,
  type RunOptions,
  type Session,
  type SessionOptions,
} from './session.js';
