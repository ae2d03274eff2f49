import type { BufferSpec, ConvGeometry, Encoding, Epilogue, Op, Shape } from '@apb/core';
import { expectSame, expectWithin } from '../compare.js';
import { encodingFor, quantized } from '../oracle/codes.js';
import { matrixGeometry, outputShape } from '../oracle/convolution.js';
import { exactEpilogue, trueEpilogue } from '../oracle/epilogue.js';
import { type IntLayer, kernelWeights, type Layer } from '../oracle/layer.js';
import { type Bounded, exactProduct, trueFloatProduct, trueQuantizedProduct } from '../oracle/product.js';
import type { Random } from '../random.js';
import type { Problem } from '../scenario.js';
import { floats, planesOf, specOf, type Value } from '../values.js';
import { type Finish, makeEpilogue } from './finishes.js';
import { describeEncoding, type Input } from './layers.js';

/** A matrix product or convolution: input, weights, geometry (absent for a matrix product). */
export interface ProductInput {
  readonly label: string;
  /** Codes for quantized input, or float32 values. */
  readonly x: Input;
  readonly layer: Layer;
  readonly geometry?: ConvGeometry;
  /** Float input and weights whose every partial sum is exact: then the result is, whatever the order. */
  readonly exactFloats?: boolean;
}

/** A product whose real and, for quantized input, bit-exact results are known; epilogues are laid over it. */
export class KnownProduct {
  readonly outShape: Shape;
  /** Root mean square of the real results. */
  readonly size: number;
  private readonly real: Bounded;
  private readonly exact: Float32Array | undefined;

  constructor(private readonly input: ProductInput) {
    const { x, layer, exactFloats } = input;
    const g = input.geometry ?? matrixGeometry(layer.rows, layer.k);
    this.outShape = input.geometry ? outputShape(x.shape, g) : [x.shape[0], layer.rows];
    if ('codes' in x) {
      this.real = trueQuantizedProduct(x, layer as IntLayer, g);
      this.exact = exactProduct(x, layer as IntLayer, g);
    } else {
      this.real = trueFloatProduct(x.data, x.shape, layer, g);
      this.exact = exactFloats ? Float32Array.from(this.real.values) : undefined;
    }
    this.size = Math.sqrt(this.real.values.reduce((a, v) => a + v * v, 0) / this.real.values.length);
  }

  get channels(): number {
    return this.input.layer.rows;
  }

  /** The result to the last bit, or undefined where the order of the product is free. */
  expected(epilogue: Epilogue, residual?: Float32Array): Value | undefined {
    return this.exact && this.valueOf(exactEpilogue(this.exact, epilogue, residual), epilogue);
  }

  problem(label: string, epilogue: Epilogue, residual?: Float32Array): Problem {
    const { x, layer, geometry } = this.input;
    const real = trueEpilogue(this.real, epilogue, residual);
    const expected = this.expected(epilogue, residual);
    const op: Op = { op: geometry ? 'conv2d' : 'gemm', epilogue };
    return {
      label: `${this.input.label}, ${label}`,
      op,
      inputs: [
        'codes' in x ? planesOf(x) : floats(x.shape, x.data),
        ...(residual ? [floats(this.outShape, residual)] : []),
      ],
      weights: {
        values: kernelWeights(layer),
        use: { activationBits: 'codes' in x ? x.encoding.bits : 32, ...(geometry ? { geometry } : {}) },
      },
      out: expected ? specOf(expected) : this.specFor(epilogue),
      check: got => {
        expectWithin(got, real, 'result', epilogue.quantizer);
        if (expected) expectSame(got, expected, 'result');
      },
    };
  }

  private specFor({ quantizer }: Epilogue): BufferSpec {
    if (!quantizer) return { kind: 'float', shape: this.outShape };
    return { kind: 'planes', shape: this.outShape, encoding: encodingFor(quantizer) };
  }

  private valueOf(y: Float32Array, { quantizer }: Epilogue): Value {
    if (!quantizer) return floats(this.outShape, y);
    const encoding: Encoding = encodingFor(quantizer);
    return planesOf({
      shape: this.outShape,
      encoding,
      codes: Uint8Array.from(y, v => quantized(v, quantizer)),
    });
  }
}

/** One random layer's product under several epilogues. */
export function solved(
  random: Random,
  label: string,
  x: Input,
  layer: Layer,
  kinds: readonly Finish[],
  geometry?: ConvGeometry,
): Problem[] {
  const encoding = describeEncoding('codes' in x ? x.encoding : undefined);
  const known = new KnownProduct({ label: `${label}, ${encoding}`, x, layer, geometry });
  return kinds.map(finish => {
    const epilogue = makeEpilogue(random, finish, known.channels, known.size);
    const count = known.outShape.reduce((a, b) => a * b, 1);
    return known.problem(finish, epilogue, finish.startsWith('residual') ? random.normals(count) : undefined);
  });
}
