/** 8-bit RGBA, as canvas has it. */
export interface Rgba {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/**
 * The picture at a smaller size, each pixel the mean of the area that it covers. Canvas would do it with a filter that
 * differs by browser and blurs strong reductions.
 */
export function shrink(picture: Rgba, width: number, height: number): Rgba {
  const columns = halfShrink(Float32Array.from(picture.data), picture.width, picture.height, width);
  return { width, height, data: Uint8ClampedArray.from(halfShrink(columns, picture.height, width, height)) };
}

/** Shrinks rows of `width` pixels to `to`, and turns the picture: [height, width, 4] to [to, height, 4]. */
function halfShrink(data: Float32Array, width: number, height: number, to: number): Float32Array {
  const out = new Float32Array(to * height * 4);
  const scale = width / to;
  for (let x = 0; x < to; x++) {
    const [begin, end] = [x * scale, Math.min(width, (x + 1) * scale)];
    for (let from = Math.floor(begin); from < end; from++) {
      const share = (Math.min(end, from + 1) - Math.max(begin, from)) / scale;
      for (let y = 0; y < height; y++)
        for (let c = 0; c < 4; c++) out[(x * height + y) * 4 + c] += share * data[(y * width + from) * 4 + c];
    }
  }
  return out;
}
