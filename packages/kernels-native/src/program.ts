import {
  assertFinite,
  PLAN_VERSION,
  type Plan,
  type Program,
  type Shape,
  type StepTime,
  sameShape,
  type Tensor,
  tensor,
} from '@apb/core';
import type { Block } from './addon.js';
import { Holder, type Session } from './memory.js';
import { productFor, sourceWeights } from './weights.js';

/**
 * Compiles a plan: weights are prepared, operations taken over into native form.
 * @throws RangeError when the plan does not hold together, with the parameter's name when its weights are wrong
 */
export function compilePlan(session: Session, plan: Plan): NativeProgram {
  if (plan.version !== PLAN_VERSION)
    throw new RangeError(`the plan has version ${plan.version}, this backend knows ${PLAN_VERSION}`);
  const { addon, instance } = session;
  const prepared: Block[] = [];
  try {
    for (const entry of plan.weights) prepared.push(prepareNamed(session, entry));
    const weightBytes = prepared.map(block => addon.bytes(block));
    const block = addon.compile(instance, plan, prepared);
    const [input, output] = [plan.input, plan.output].map(index => plan.buffers[index].shape);
    return new NativeProgram(session, block, weightBytes, input, output);
  } finally {
    // Nothing is left of those that the program took.
    for (const block of prepared) addon.release(block);
  }
}

function prepareNamed({ addon, instance }: Session, { name, weights, use }: Plan['weights'][number]): Block {
  try {
    const source = sourceWeights(weights);
    productFor(source, use);
    return addon.prepare(instance, source, use.activationBits, use.geometry);
  } catch (error) {
    if (error instanceof RangeError)
      throw new RangeError(`parameter "${name}": ${error.message}`, { cause: error });
    throw error;
  }
}

/** A network in native form; its runs take place on threads of their own. */
class NativeProgram implements Program {
  private readonly memory: Holder;

  constructor(
    private readonly session: Session,
    block: Block,
    readonly weightBytes: readonly number[],
    private readonly inputShape: Shape,
    private readonly outputShape: Shape,
  ) {
    this.memory = new Holder(session, 'a program', block);
  }

  arenaBytes(batch: number): number {
    return this.session.addon.arenaBytes(this.memory.use(this.session), batch);
  }

  async execute(inputs: readonly Tensor[], signal?: AbortSignal): Promise<Tensor[]> {
    signal?.throwIfAborted();
    if (inputs.length !== 1) throw new RangeError(`a network takes one input, got ${inputs.length}`);
    const { shape, data } = tensor(inputs[0].shape, inputs[0].data);
    const [batch, ...picture] = shape;
    if (!sameShape(picture, this.inputShape))
      throw new RangeError(`the network takes [N, ${this.inputShape.join(', ')}], got [${shape.join(', ')}]`);
    const { addon } = this.session;
    const run = addon.start(this.memory.use(this.session), batch, data);
    if (!run) {
      assertFinite(data, 'the input');
      throw new Error('the input changed while it was copied');
    }
    const values = await until(run.promise, signal, () => addon.stop(run.id));
    if (!values) throw new Error('the program was disposed before the run had ended');
    return [tensor([batch, ...this.outputShape], values)];
  }

  profile(): StepTime[] {
    return this.session.addon.profile(this.memory.use(this.session));
  }

  dispose(): void {
    this.memory.release();
  }
}

/** The promise's outcome, or at once the signal's reason after calling `stop`. */
function until<T>(promise: Promise<T>, signal: AbortSignal | undefined, stop: () => void): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => {
      stop();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
