import { assertFinite, InputError, type Node, sizeOf, type WeightData } from '@apb/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';

/** A node without what the writer adds. */
export type NodeBody = Node extends infer N ? (N extends Node ? Omit<N, 'name' | 'inputs'> : never) : never;

/** Collects the nodes and parameters of a graph and gives them unique names. */
export class GraphWriter {
  readonly nodes: Node[] = [];
  readonly weights: Record<string, WeightData> = {};
  private readonly prefixes = new Map<layers.Layer, string>();
  private readonly taken = new Set<string>(['input']);

  /** Adds a node named after a layer, or after a part of it; returns the name of its value. */
  node(layer: layers.Layer, inputs: readonly string[], body: NodeBody, part?: string): string {
    const name = this.unique(part ? `${layer.name}/${part}` : layer.name);
    this.nodes.push({ name, inputs, ...body } as Node);
    return name;
  }

  /** Adds a parameter of a layer once, however often the layer is used; returns its name. */
  parameter(layer: layers.Layer, own: string, data: () => WeightData): string {
    let prefix = this.prefixes.get(layer);
    if (prefix === undefined) {
      prefix = layer.name;
      for (let i = 2; [...this.prefixes.values()].includes(prefix); i++) prefix = `${layer.name}_${i}`;
      this.prefixes.set(layer, prefix);
    }
    const name = `${prefix}/${own}`;
    this.weights[name] ??= data();
    return name;
  }

  /**
   * Adds a float parameter.
   * @throws InputError when a value is not finite
   */
  float(layer: layers.Layer, own: string, values: Float32Array, shape = [values.length]): string {
    if (values.length !== sizeOf(shape))
      throw new InputError(`layer ${layer.name}: its ${own} does not fit [${shape}]`);
    return this.parameter(layer, own, () => {
      try {
        assertFinite(values, own);
      } catch (error) {
        throw new InputError(`layer ${layer.name}: ${(error as Error).message}`);
      }
      return { encoding: 'float', shape, values };
    });
  }

  private unique(name: string): string {
    let free = name;
    for (let i = 2; this.taken.has(free); i++) free = `${name}_${i}`;
    this.taken.add(free);
    return free;
  }
}

/** A layer's weight by its own name (kernel, bias, gamma ...), or undefined where it has none. */
export function weightValues(layer: layers.Layer, own: string): Float32Array | undefined {
  return weightTensor(layer, own)?.dataSync() as Float32Array | undefined;
}

export function weightTensor(layer: layers.Layer, own: string): Tensor | undefined {
  return layer.weights.find(w => w.originalName.split('/').pop() === own)?.read();
}
