import type { Capabilities, InitOptions } from '@apb/core';
import { floats } from '../../src/values.js';
import { type Broken, changed, overwrite } from './wrap.js';

/** Faults around the operations: what is taken, kept, refused and said. */
export const brokenBehaviour: Broken[] = [
  {
    name: 'takes any instruction set',
    make: changed(inner => ({
      init: (options: InitOptions = {}) => inner.init({ ...options, isa: undefined }),
    })),
    fails: ['lifecycle'],
    says: /absent instruction set must throw/,
    spares: ['transfer'],
  },
  {
    name: 'takes NaN for zero',
    make: changed(inner => ({
      upload: ({ shape, data }, what) =>
        inner.upload({ shape, data: data.map(x => (Number.isNaN(x) ? 0 : x)) }, what),
    })),
    fails: ['transfer'],
    says: /NaN at 0 must throw/,
    spares: ['lifecycle'],
  },
  {
    name: 'ignores where a typed array begins in its memory',
    make: changed(inner => ({
      upload: ({ shape, data }, what) =>
        inner.upload({ shape, data: new Float32Array(data.buffer, 0, data.length) }, what),
    })),
    fails: ['transfer', 'activate'],
    says: /index 0 is .*, expected exactly/,
    spares: ['dequantize'],
  },
  {
    name: 'keeps the memory that was uploaded instead of a copy',
    make: changed(inner => {
      const lent = new Map<object, Float32Array>();
      return {
        upload(values, what) {
          const buffer = inner.upload(values, what);
          lent.set(buffer, values.data);
          return buffer;
        },
        download(buffer) {
          const { shape, data } = inner.download(buffer);
          return { shape, data: lent.get(buffer)?.slice() ?? data };
        },
      };
    }),
    fails: ['transfer'],
    says: /the buffer after its source changed/,
    spares: ['quantize'],
  },
  {
    name: 'takes planes with dirty padding',
    make: changed(inner => ({
      importPlanes(planes, encoding, shape) {
        const tail = planes.k % 32;
        const rowWords = Math.ceil(planes.k / 32);
        const clean = planes.words.map((word, i) =>
          tail && i % rowWords === rowWords - 1 ? word & (2 ** tail - 1) : word,
        );
        return inner.importPlanes({ ...planes, words: clean }, encoding, shape);
      },
    })),
    fails: ['transfer'],
    says: /padding of plane row 0, k 1 must throw/,
    spares: ['lifecycle'],
  },
  {
    name: 'uses buffers after their disposal',
    make: changed(inner => ({
      alloc: spec => kept(inner.alloc(spec)),
      upload: (values, what) => kept(inner.upload(values, what)),
      importPlanes: (planes, encoding, shape) => kept(inner.importPlanes(planes, encoding, shape)),
    })),
    fails: ['lifecycle', 'add', 'gemmInt:1/1', 'conv2d:1/1'],
    says: /disposed/,
    spares: ['prepareWeights'],
  },
  {
    name: 'works on after its own disposal',
    make: changed(() => ({ dispose() {} })),
    fails: ['lifecycle'],
    says: /disposed backend must throw/,
    spares: ['transfer'],
  },
  {
    name: 'gives other bits on several threads',
    make: changed(inner => {
      let threads = 1;
      return {
        async init(options: InitOptions = {}) {
          threads = options.threads ?? 1;
          await inner.init(options);
        },
        get capabilities(): Capabilities {
          return { ...inner.capabilities, threads };
        },
        run(op, inputs, out, weights) {
          inner.run(op, inputs, out, weights);
          if (threads === 1 || op.op !== 'gemm' || out.spec.kind !== 'float') return;
          const { shape, data } = inner.download(out);
          new Uint32Array(data.buffer)[0] ^= 1;
          overwrite(inner, out, floats(shape, data));
        },
      };
    }),
    fails: ['gemm:32/32', 'gemm:1/32'],
    says: /on 3 threads against one/,
    spares: ['conv2d:32/32'],
  },
  {
    name: 'lacks a required operation',
    make: changed(inner => {
      const without = (all: Capabilities): Capabilities => {
        const ops = new Set(all.ops);
        ops.delete('softmax');
        return { ...all, ops };
      };
      return {
        probe: async () => without((await inner.probe()) as Capabilities),
        get capabilities() {
          return without(inner.capabilities);
        },
      };
    }),
    fails: ['softmax'],
    says: /softmax is required but not among the capabilities/,
    spares: ['lifecycle'],
  },
];

/** The buffer, not to be disposed of. */
function kept<T extends { dispose(): void }>(buffer: T): T {
  return Object.assign(buffer, { dispose() {} });
}
