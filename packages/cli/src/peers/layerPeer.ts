import type { LayerShape } from '../commands/bench/layers/shape.js';
import type { Call } from '../commands/bench/race.js';

/** Another library to compare whole layers with. */
export interface LayerPeer {
  readonly name: string;
  readonly version: string;
  /** Microseconds of a call that computes nothing. */
  readonly callUs: number;
  prepare(shape: LayerShape): Promise<PeerLayer>;
}

/** A peer's convolution of one shape, ready to run on inputs in turn. */
export interface PeerLayer {
  /** float32 weights, input and output. */
  readonly fp32: Call;
  /** 8-bit weights; float32 in and out, quantized inside. Absent, like the next, where the library has no such layers. */
  readonly qlinear?: Call;
  /** 8-bit weights, input and output. */
  readonly qlinearChain?: Call;
  dispose(): Promise<void>;
}
