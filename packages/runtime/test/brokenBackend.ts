import type { ConvGeometry, KernelBackend, KernelWeights, Op, Quantizer } from '@apb/core';

/** What a broken backend does to the operations and weights that it is given. */
interface Fault {
  readonly op?: (op: Op) => Op;
  readonly weights?: (weights: KernelWeights) => KernelWeights;
  readonly geometry?: (geometry: ConvGeometry) => ConvGeometry;
}

/** Mistakes that random graphs have to find, each on its own. */
export const faults: Readonly<Record<string, Fault>> = {
  'upper and lower pads swapped': {
    geometry: ({ pads: [top, left, bottom, right], ...g }) => ({ ...g, pads: [bottom, left, top, right] }),
  },
  'scales of batch norms taken as positive': {
    op: op =>
      'epilogue' in op ? { ...op, epilogue: { ...op.epilogue, scale: op.epilogue.scale.map(Math.abs) } } : op,
  },
  'no sparse part': {
    weights: w =>
      w.kind === 'apb' ? { ...w, positions: new Uint32Array(0), values: new Float32Array(0) } : w,
  },
  'the last float weight ignored': {
    weights: w => (w.kind === 'float' ? { ...w, values: w.values.with(-1, 0) } : w),
  },
  'thresholds one bit too high': {
    op: op => {
      if (op.op === 'quantize') return { ...op, quantizer: higher(op.quantizer) };
      if (!('epilogue' in op) || !op.epilogue.quantizer) return op;
      return { ...op, epilogue: { ...op.epilogue, quantizer: higher(op.epilogue.quantizer) } };
    },
  },
};

/** The backend with a mistake. */
export function broken(backend: KernelBackend, { op, weights, geometry }: Fault): KernelBackend {
  const run: KernelBackend['run'] = (given, ...rest) => backend.run(op ? op(given) : given, ...rest);
  const prepareWeights: KernelBackend['prepareWeights'] = (given, use) =>
    backend.prepareWeights(weights ? weights(given) : given, {
      ...use,
      ...(use.geometry && geometry && { geometry: geometry(use.geometry) }),
    });
  return new Proxy(backend, {
    get(target, key) {
      if (key === 'run') return run;
      if (key === 'prepareWeights') return prepareWeights;
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function higher(q: Quantizer): Quantizer {
  return q.kind === 'sign' ? q : { ...q, inv: Math.fround(q.inv * (1 - 2 ** -24)) };
}
