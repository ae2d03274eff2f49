import {
  type BackendFactory,
  createReferenceBackend,
  type DeviceBuffer,
  type KernelBackend,
  type KernelWeights,
  type Op,
  type PreparedWeights,
  type WeightUse,
} from '@apb/core';
import type { Subject } from '../../src/index.js';
import { put, type Value } from '../../src/values.js';

/** A backend with one fault, and where the suite has to find it. */
export interface Broken {
  readonly name: string;
  readonly make: BackendFactory;
  /** Each of these must have a failing case. */
  readonly fails: readonly Subject[];
  /** What the message of at least one failure says. */
  readonly says: RegExp;
  /** These must have none: the fault is elsewhere. */
  readonly spares: readonly Subject[];
}

/** Backend methods to put in place of the reference's. */
export type Change = (inner: KernelBackend) => Partial<KernelBackend>;

/** The reference backend, changed; without a change it is the reference. */
export function changed(change: Change): BackendFactory {
  return () => {
    const inner = createReferenceBackend();
    const instead = change(inner);
    return new Proxy(inner, {
      get(_, key) {
        const value = Reflect.get(key in instead ? instead : inner, key);
        return typeof value === 'function' && !(key in instead) ? value.bind(inner) : value;
      },
    });
  };
}

/** Writes a value into a buffer that already exists. */
export function overwrite(inner: KernelBackend, out: DeviceBuffer, value: Value): void {
  const source = put(inner, value);
  inner.run({ op: 'reshape' }, [source], out);
  source.dispose();
}

export type Layer = { readonly weights: KernelWeights; readonly use: WeightUse };

/** Remembers what weights were prepared from, for faults that prepare them again in another way. */
export function remembering(inner: KernelBackend) {
  const layers = new Map<PreparedWeights, Layer>();
  return {
    prepareWeights(weights: KernelWeights, use: WeightUse): PreparedWeights {
      const prepared = inner.prepareWeights(weights, use);
      layers.set(prepared, { weights, use });
      return prepared;
    },
    layerOf: (prepared: PreparedWeights | undefined): Layer | undefined => prepared && layers.get(prepared),
  };
}

/** Runs an op with weights that live for this run only. */
export function runWith(
  inner: KernelBackend,
  op: Op,
  inputs: readonly DeviceBuffer[],
  out: DeviceBuffer,
  { weights, use }: Layer,
): void {
  const prepared = inner.prepareWeights(weights, use);
  inner.run(op, inputs, out, prepared);
  prepared.dispose();
}
