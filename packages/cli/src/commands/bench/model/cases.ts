import type { ActivationBits, Model } from '@apb/core';
import { loadModel } from '../../../modelFile.js';
import { buildNetwork } from '../../../networks/index.js';
import { withoutQuantizers } from '../../../networks/withoutQuantizers.js';

/** A network to measure. */
export interface ModelCase {
  /** Of the network, or the file it was read from. */
  readonly name: string;
  /** Null for a file. */
  readonly network: string | null;
  /** Weight bits / activation bits for messages; null for a file. */
  readonly op: string | null;
  /** Made when its turn comes, since large networks together would fill the memory. */
  make(): Promise<Contestants>;
}

/** A network and what peers run in its stead. */
interface Contestants {
  readonly model: Model;
  /**
   * For peers: without quantizers. Where the network is known, it is the usual one with float activations, since one
   * made for 1-bit activations has PReLUs that only cost a float network time.
   */
  readonly usual: Model;
}

export interface NetworkChoice {
  readonly networks: readonly string[];
  readonly bits: readonly (ActivationBits | 32)[];
  readonly share: number;
  readonly seed: number;
}

/** Every network with every width of activations. */
export function networkCases({ networks, bits, share, seed }: NetworkChoice): ModelCase[] {
  return networks.flatMap(network =>
    bits.map(width => ({
      name: network,
      network,
      op: `1/${width}`,
      make: async () => ({
        model: buildNetwork(network, { bits: width, share, seed }),
        usual: buildNetwork(network, { bits: 32, share, seed }),
      }),
    })),
  );
}

/** A model file. */
export function fileCase(path: string): ModelCase {
  return {
    name: path,
    network: null,
    op: null,
    make: async () => {
      const { model } = await loadModel(path);
      return { model, usual: withoutQuantizers(model) };
    },
  };
}
