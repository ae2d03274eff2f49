import * as tf from '@tensorflow/tfjs-core';

/** Variables that are stepped alike. */
export interface Group {
  /** Part of the names of the slots, so that saved state finds its way back. */
  readonly name: string;
  readonly variables: readonly tf.Variable[];
  /** Multiplies the learning rate of the step. */
  readonly learningRateScale: number;
  readonly weightDecay: number;
}

/** Gradients by variable name, as `tf.variableGrads` gives them. A variable without one is left alone. */
export type Gradients = Readonly<Record<string, tf.Tensor>>;

/**
 * Steps variables along their gradients. Everything that a step depends on beside its arguments is in `slots`
 * and `steps`, so that a saved run goes on exactly as an undisturbed one.
 */
export abstract class Optimizer {
  /** Steps taken. */
  steps = 0;
  private readonly memory = new Map<string, tf.Variable>();

  /** @param slotNames one variable by each of these names is kept per stepped variable, started at 0 */
  constructor(
    private readonly groups: readonly Group[],
    private readonly slotNames: readonly string[],
  ) {
    for (const group of groups)
      group.variables.forEach((variable, i) => {
        for (const slot of slotNames) {
          const zeros = tf.tidy(() => tf.variable(tf.zerosLike(variable), false));
          this.memory.set(slotKey(group, i, slot), zeros);
        }
      });
  }

  /** One step; gradients are not disposed. */
  step(gradients: Gradients, learningRate: number): void {
    this.steps++;
    for (const group of this.groups)
      group.variables.forEach((variable, i) => {
        const gradient = gradients[variable.name];
        if (!gradient) return;
        const slots = this.slotNames.map(slot => this.memory.get(slotKey(group, i, slot))!);
        tf.tidy(() =>
          this.update(variable, gradient, slots, learningRate * group.learningRateScale, group.weightDecay),
        );
      });
  }

  /** What a step remembers, by a name that depends on group and position alone. */
  get slots(): ReadonlyMap<string, tf.Variable> {
    return this.memory;
  }

  dispose(): void {
    for (const slot of this.memory.values()) slot.dispose();
    this.memory.clear();
  }

  /** Steps one variable, in a tidy. */
  protected abstract update(
    variable: tf.Variable,
    gradient: tf.Tensor,
    slots: readonly tf.Variable[],
    learningRate: number,
    weightDecay: number,
  ): void;
}

function slotKey(group: Group, index: number, slot: string): string {
  return `${group.name}/${index}/${slot}`;
}
