import {
  type Capabilities,
  createReferenceBackend,
  type InitOptions,
  type KernelBackend,
  type OpName,
  opNames,
} from '@apb/core';
import type { Candidate } from '../src/index.js';

interface FakeOptions {
  readonly contractVersion?: number;
  readonly probe?: () => Promise<Capabilities | { unusable: string; fix: string }>;
  readonly init?: (options?: InitOptions) => Promise<void>;
  /** Operations it claims to lack; it refuses to run them, too. */
  readonly lacks?: readonly OpName[];
  readonly compile?: KernelBackend['compile'];
  /** Hears of every call. */
  readonly log?: string[];
}

/** A candidate that is the reference backend under another name, with the given faults. */
export function fake(name: string, options: FakeOptions = {}): Candidate {
  return { name, package: `@example/${name}`, load: async () => () => fakeBackend(name, options) };
}

function fakeBackend(name: string, { lacks = [], log = [], ...options }: FakeOptions): KernelBackend {
  const real = createReferenceBackend();
  const capabilities = {
    isas: ['wide', 'narrow'],
    isa: 'wide',
    threads: 1,
    ops: new Set(opNames.filter(op => !lacks.includes(op))),
  };
  const refuse = (opName: OpName) => {
    if (lacks.includes(opName)) throw new Error(`${name} was asked for ${opName}, which it lacks`);
  };
  return {
    name,
    contractVersion: options.contractVersion ?? real.contractVersion,
    capabilities,
    probe: options.probe ?? (async () => capabilities),
    init: async init => {
      log.push(`init ${JSON.stringify(init)}`);
      await options.init?.(init);
      await real.init();
    },
    alloc: spec => real.alloc(spec),
    upload: (values, what) => {
      log.push('upload');
      return real.upload(values, what);
    },
    download: buffer => {
      log.push('download');
      return real.download(buffer);
    },
    importPlanes: (planes, encoding, shape) => {
      log.push('importPlanes');
      return real.importPlanes(planes, encoding, shape);
    },
    exportPlanes: buffer => {
      log.push('exportPlanes');
      return real.exportPlanes(buffer);
    },
    prepareWeights: (weights, use) => {
      const prepared = real.prepareWeights(weights, use);
      refuse(`${use.geometry ? 'conv2d' : 'gemm'}:${prepared.product}`);
      log.push('prepareWeights');
      return prepared;
    },
    gemmInt: (a, weights, out) => real.gemmInt(a, weights, out),
    run: (op, inputs, out, weights) => {
      if (op.op !== 'gemm' && op.op !== 'conv2d') refuse(op.op);
      log.push(op.op);
      real.run(op, inputs, out, weights);
    },
    ...(options.compile && { compile: options.compile }),
    dispose: () => {
      log.push('dispose');
      real.dispose();
    },
  };
}
