export {
  type Conformance,
  type ConformanceCase,
  type ConformanceOptions,
  checkBackend,
  conformanceCases,
  type Failure,
} from './conformance.js';
export type { Subject } from './scenario.js';
export { testBackend } from './testBackend.js';
