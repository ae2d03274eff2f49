import type { DeviceBuffer, KernelBackend, Op, PreparedWeights } from '@apb/core';
import type { Call } from '../race.js';
import type { Layer } from './layer.js';
import { type Operands, SETS } from './operands.js';

/** A layer ready to run on a backend. */
export interface DeployedLayer {
  readonly weightBytes: number;
  /** Float in, float out; quantizes inside. Writes `operands.y[turn % SETS]`. */
  readonly float: Call;
  /** Planes in, planes out. Writes the packed y; absent for 1/32, whose activations are never packed. */
  readonly chain?: Call;
  dispose(): void;
}

export function deploy(backend: KernelBackend, layer: Layer, operands: Operands): DeployedLayer {
  const { activationBits, layout } = layer;
  const weights = backend.prepareWeights(
    { kind: 'apb', ...layer.weights },
    { activationBits, geometry: layout.geometry },
  );
  const chain = chainCall(backend, layer, operands, weights);
  return {
    weightBytes: weights.bytes,
    float: floatCall(backend, layer, operands, weights),
    ...(chain && { chain }),
    dispose: () => weights.dispose(),
  };
}

function floatCall(
  backend: KernelBackend,
  { quantizer, epilogue }: Layer,
  operands: Operands,
  weights: PreparedWeights,
): Call {
  const convolve: Op = { op: 'conv2d', epilogue };
  const { x, y } = operands;
  if (!quantizer) return turn => backend.run(convolve, [x[turn % SETS]], y[turn % SETS], weights);
  const pack: Op = { op: 'quantize', quantizer };
  const { between } = operands.packed(quantizer);
  return turn => {
    backend.run(pack, [x[turn % SETS]], between);
    backend.run(convolve, [between], y[turn % SETS], weights);
  };
}

function chainCall(
  backend: KernelBackend,
  { quantizer, epilogue }: Layer,
  operands: Operands,
  weights: PreparedWeights,
): Call | undefined {
  if (!quantizer) return undefined;
  const convolve: Op = { op: 'conv2d', epilogue: { ...epilogue, quantizer } };
  const { x, y }: { x: readonly DeviceBuffer[]; y: readonly DeviceBuffer[] } = operands.packed(quantizer);
  return turn => backend.run(convolve, [x[turn % SETS]], y[turn % SETS], weights);
}
