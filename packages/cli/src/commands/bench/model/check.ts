import {
  createReferenceBackend,
  type DeviceBuffer,
  type KernelBackend,
  type Model,
  type Plan,
  type PlanStep,
  type Tensor,
} from '@apb/core';
import { defaultCandidates, planModel, type Session, selectBackend } from '@apb/runtime';
import { randomBatch } from './batch.js';
import { compareBuffers } from './compare.js';

/**
 * Runs one picture step by step, each on the very inputs that the step gets, and compares with the reference backend;
 * then the session as a whole with the steps. Comparing outputs of whole networks would prove nothing: in one with
 * 1-bit activations a sign that tips by rounding in a float layer moves a good part of what follows.
 * @param session of the model
 * @throws Error naming the step that is wrong
 */
export async function checkModel(model: Model, session: Session, name: string): Promise<void> {
  const { backend: main, isa, steps } = session.explain();
  const { backend } = await selectBackend(defaultCandidates(), { backend: main, isa, threads: 1, env: {} });
  const reference = createReferenceBackend();
  await reference.init();
  try {
    const batch = randomBatch(model.graph.inputShape, 1, 0);
    const plan = planModel(model);
    const values = new Map([[plan.input, backend.upload(batch)]]);
    for (const [i, step] of plan.steps.entries())
      runStep(plan, step, values, steps[i].backend === main ? backend : reference, backend, reference, name);
    const output = backend.download(values.get(plan.output) as DeviceBuffer);
    compareOutputs(await session.run(batch), output, name);
  } finally {
    backend.dispose();
    reference.dispose();
  }
}

/** Adds a step's value, made by `runner`, to `values`, which are all on `backend`. */
function runStep(
  plan: Plan,
  step: PlanStep,
  values: Map<number, DeviceBuffer>,
  runner: KernelBackend,
  backend: KernelBackend,
  reference: KernelBackend,
  name: string,
): void {
  const inputs = step.inputs.map(index => values.get(index) as DeviceBuffer);
  const wanted = execute(
    plan,
    step,
    reference,
    inputs.map(buffer => copy(buffer, backend, reference)),
  );
  if (runner === reference) {
    values.set(step.output, copy(wanted, reference, backend));
    return;
  }
  const given = execute(plan, step, backend, inputs);
  const entry = step.weights === undefined ? undefined : plan.weights[step.weights];
  const exact = entry?.use.activationBits !== 32 && step.op.op !== 'softmax';
  const difference = compareBuffers([given, backend], [wanted, reference], exact);
  if (difference)
    throw new Error(`${name} is wrong in ${step.nodes.join(', ') || step.op.op}: ${difference}`);
  values.set(step.output, given);
}

function execute(
  plan: Plan,
  { op, output, weights }: PlanStep,
  backend: KernelBackend,
  inputs: readonly DeviceBuffer[],
): DeviceBuffer {
  const spec = plan.buffers[output];
  const out = backend.alloc({ ...spec, shape: [1, ...spec.shape] });
  const entry = weights === undefined ? undefined : plan.weights[weights];
  const prepared = entry && backend.prepareWeights(entry.weights, entry.use);
  backend.run(op, inputs, out, prepared);
  prepared?.dispose();
  return out;
}

function copy(buffer: DeviceBuffer, from: KernelBackend, to: KernelBackend): DeviceBuffer {
  const { spec } = buffer;
  return spec.kind === 'float'
    ? to.upload(from.download(buffer))
    : to.importPlanes(from.exportPlanes(buffer), spec.encoding, spec.shape);
}

function compareOutputs(given: Tensor, wanted: Tensor, name: string): void {
  const wrong = wanted.data.findIndex((value, i) => !Object.is(value, given.data[i]));
  if (wrong >= 0)
    throw new Error(
      `${name} is wrong: output ${wrong} is ${given.data[wrong]} in one call and ${wanted.data[wrong]} step by step`,
    );
}
