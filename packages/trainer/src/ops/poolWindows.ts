import * as tf from '@tensorflow/tfjs-core';

/** Attributes as tfjs-core hands them to pooling kernels; a rank of 4 pools over (H, W), of 5 over (D, H, W). */
export interface PoolAttrs {
  readonly filterSize: number | number[];
  readonly strides: number | number[];
  readonly pad: 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** One output pixel's window: offsets of channel 0 into flat data, of the output and of its in-bounds pixels. */
export type WindowVisitor = (out: number, pixels: Int32Array) => void;

/** One pooled axis. */
interface Axis {
  readonly size: number;
  readonly outSize: number;
  readonly window: number;
  readonly stride: number;
  readonly pad: number;
}

/**
 * Visits the windows of a pooling over [N, H, W, C] or [N, D, H, W, C], windows and the pixels within in row-major
 * order. `pixels` is reused between calls.
 */
export function forEachWindow(inShape: number[], attrs: PoolAttrs, visit: WindowVisitor): void {
  const channels = inShape[inShape.length - 1];
  const [depth, height, width] = axesOf(inShape, attrs);
  const buffer = new Int32Array(depth.window * height.window * width.window);
  let out = 0;
  for (let n = 0; n < inShape[0]; n++) {
    for (let i = 0; i < depth.outSize; i++) {
      const [front, back] = range(depth, i);
      for (let j = 0; j < height.outSize; j++) {
        const [top, bottom] = range(height, j);
        for (let k = 0; k < width.outSize; k++, out += channels) {
          const [left, right] = range(width, k);
          let count = 0;
          for (let d = front; d < back; d++) {
            for (let h = top; h < bottom; h++) {
              const row = ((n * depth.size + d) * height.size + h) * width.size;
              for (let w = left; w < right; w++) buffer[count++] = (row + w) * channels;
            }
          }
          visit(out, buffer.subarray(0, count));
        }
      }
    }
  }
}

/** The shape of the pooled result. */
export function pooledShape(inShape: number[], attrs: PoolAttrs): number[] {
  const outSizes = axesOf(inShape, attrs).map(axis => axis.outSize);
  return [inShape[0], ...outSizes.slice(5 - inShape.length), inShape[inShape.length - 1]];
}

const single: Axis = { size: 1, outSize: 1, window: 1, stride: 1, pad: 0 };

function axesOf(
  inShape: number[],
  { filterSize, strides, pad, dimRoundingMode }: PoolAttrs,
): [Axis, Axis, Axis] {
  type Triple = [number, number, number];
  if (inShape.length === 5) {
    const shape = inShape as [number, number, number, number, number];
    const info = tf.backend_util.computePool3DInfo(
      shape,
      filterSize as Triple,
      strides as Triple,
      1,
      pad as 'same' | 'valid' | number,
      dimRoundingMode,
    );
    return [
      axis(info.inDepth, info.outDepth, info.filterDepth, info.strideDepth, info.padInfo.front),
      axis(info.inHeight, info.outHeight, info.filterHeight, info.strideHeight, info.padInfo.top),
      axis(info.inWidth, info.outWidth, info.filterWidth, info.strideWidth, info.padInfo.left),
    ];
  }
  const info = tf.backend_util.computePool2DInfo(
    inShape as [number, number, number, number],
    filterSize as [number, number],
    strides as [number, number],
    1,
    pad,
    dimRoundingMode,
  );
  return [
    single,
    axis(info.inHeight, info.outHeight, info.filterHeight, info.strideHeight, info.padInfo.top),
    axis(info.inWidth, info.outWidth, info.filterWidth, info.strideWidth, info.padInfo.left),
  ];
}

function axis(size: number, outSize: number, window: number, stride: number, pad: number): Axis {
  return { size, outSize, window, stride, pad };
}

/** The in-bounds part of window i: [begin, end). */
function range({ size, window, stride, pad }: Axis, i: number): [number, number] {
  const begin = i * stride - pad;
  return [Math.max(begin, 0), Math.min(begin + window, size)];
}
