import type { InputDescription } from '@apb/core';

/** A picture that the model's description of its input does not allow; `size` could be made to fit. */
export class WrongSize extends Error {
  override readonly name = 'WrongSize';
}

/** A picture with a size, as canvas draws it. */
export type Picture = ImageBitmap | HTMLCanvasElement;

/**
 * 8-bit pixels [H, W, C] by the model's own resize rule, transparency laid on black, as `apb predict` does. Canvas
 * resamples with another filter, so that resized pictures may differ by a few grey levels.
 * @throws WrongSize under the rule `exact`
 */
export function pixelsOf(picture: Picture, { shape, resize }: InputDescription): Uint8Array {
  const [height, width, channels] = shape;
  const { width: w, height: h } = picture;
  if (resize.rule === 'exact' && (w !== width || h !== height))
    throw new WrongSize(`The picture has ${w} × ${h} pixels, this model takes exactly ${width} × ${height}.`);
  const canvas = blackCanvas(width, height);
  const context = contextOf(canvas);
  if (resize.rule === 'crop') {
    const factor = resize.size / Math.min(w, h);
    const [fitW, fitH] = [Math.max(width, Math.round(w * factor)), Math.max(height, Math.round(h * factor))];
    context.drawImage(picture, -((fitW - width) >> 1), -((fitH - height) >> 1), fitW, fitH);
  } else context.drawImage(picture, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return channels === 1 ? greys(data) : colours(data);
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

/** Luminance of linear light, with libvips' weights, which `apb predict` uses. */
function greys(rgba: Uint8ClampedArray): Uint8Array {
  return Uint8Array.from({ length: rgba.length / 4 }, (_, i) => {
    const [r, g, b] = rgba.subarray(4 * i, 4 * i + 3);
    if (r === g && g === b) return r;
    return encode(0.2 * linear[r] + 0.7 * linear[g] + 0.1 * linear[b]);
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
