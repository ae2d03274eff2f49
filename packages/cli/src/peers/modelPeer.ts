import type { Tensor } from '@apb/core';

/** What a peer makes of a network: float32 all through, or 8-bit convolutions where ours are compressed. */
export const PEER_KINDS = ['fp32', 'qlinear'] as const;
export type PeerKind = (typeof PEER_KINDS)[number];

/** Another library to compare whole networks with. */
export interface ModelPeer {
  readonly name: string;
  readonly version: string;
  /** @param file an ONNX file */
  open(file: Uint8Array): Promise<PeerModel>;
}

/** A network ready to run. */
export interface PeerModel {
  /** @param batch float32 [N, H, W, C] */
  run(batch: Tensor): Promise<Float32Array>;
  dispose(): Promise<void>;
}
