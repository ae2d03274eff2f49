import type { InputDescription } from '@apb/core';
import { type Rgba, shrink } from './shrink.js';

/** A picture that the model's description of its input does not allow; `size` could be made to fit. */
export class WrongSize extends Error {
  override readonly name = 'WrongSize';
}

/** A picture with a size, as canvas draws it. */
export type Picture = ImageBitmap | HTMLCanvasElement;

/**
 * 8-bit pixels [H, W, C] by the model's own resize rule, transparency laid on black, as `apb predict` does. That
 * resamples with another filter, so resized pictures differ by a few grey levels where they have sharp edges.
 * @throws WrongSize under the rule `exact`
 */
export function pixelsOf(picture: Picture, { shape, resize }: InputDescription): Uint8Array {
  const [height, width, channels] = shape;
  const { width: w, height: h } = picture;
  if (resize.rule === 'exact' && (w !== width || h !== height))
    throw new WrongSize(`The picture has ${w} × ${h} pixels, this model takes exactly ${width} × ${height}.`);
  const factor = resize.rule === 'crop' ? resize.size / Math.min(w, h) : undefined;
  const scaledWidth = factor ? Math.max(width, Math.round(w * factor)) : width;
  const scaledHeight = factor ? Math.max(height, Math.round(h * factor)) : height;
  const scaled = resized(picture, scaledWidth, scaledHeight);
  const data = cut(scaled, (scaledWidth - width) >> 1, (scaledHeight - height) >> 1, width, height);
  return channels === 1 ? greys(data) : colours(data);
}

function resized(picture: Picture, width: number, height: number): Rgba {
  const { width: w, height: h } = picture;
  const smaller = width <= w && height <= h;
  const canvas = smaller ? blackCanvas(w, h) : blackCanvas(width, height);
  const context = contextOf(canvas);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const drawn = context.getImageData(0, 0, canvas.width, canvas.height);
  return smaller && (width < w || height < h) ? shrink(drawn, width, height) : drawn;
}

function cut({ data, width: stride }: Rgba, left: number, top: number, width: number, height: number) {
  const out = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    const begin = ((top + y) * stride + left) * 4;
    out.set(data.subarray(begin, begin + 4 * width), y * width * 4);
  }
  return out;
}

export function blackCanvas(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = contextOf(canvas);
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height);
  return canvas;
}

export function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser gives no canvas to draw on.');
  context.imageSmoothingQuality = 'high';
  return context;
}

function colours(rgba: Uint8ClampedArray): Uint8Array {
  return Uint8Array.from({ length: (rgba.length / 4) * 3 }, (_, i) => rgba[Math.floor(i / 3) * 4 + (i % 3)]);
}

/** Luminance of linear light (ITU-R BT.709), as libvips has it, which `apb predict` uses. */
function greys(rgba: Uint8ClampedArray): Uint8Array {
  return Uint8Array.from({ length: rgba.length / 4 }, (_, i) => {
    const [r, g, b] = rgba.subarray(4 * i, 4 * i + 3);
    if (r === g && g === b) return r;
    return encode(0.2126 * linear[r] + 0.7152 * linear[g] + 0.0722 * linear[b]);
  });
}

/** sRGB bytes as linear light, 0 to 1 (IEC 61966-2-1). */
const linear = Float64Array.from({ length: 256 }, (_, byte) => {
  const x = byte / 255;
  return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
});

function encode(light: number): number {
  const x = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
  return Math.round(255 * x);
}
