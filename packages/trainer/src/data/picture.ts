import { type InputDescription, InputError } from '@apb/core';
import sharp from 'sharp';

/** Pictures of more pixels are refused before they are decoded, and before they are enlarged to more. */
const MAX_PIXELS = 100_000_000;

/** What decides how a picture becomes bytes. */
export type PictureSize = Pick<InputDescription, 'shape' | 'resize'>;

/** A part of a picture, in pixels. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Decodes a picture file to 8-bit pixels [H, W, C] of the model's input size by its resize rule; transparency
 * is laid on black.
 * @throws InputError when it cannot be read, is no picture, or has another size under the rule `exact`
 */
export async function decodePicture(path: string, input: PictureSize): Promise<Uint8Array> {
  try {
    return await testPixels(path, input);
  } catch (error) {
    if (error instanceof Misfit) throw new InputError(`${path} ${error.message}; convert the picture`);
    throw new InputError(
      `${path} cannot be read as a picture (${reasonOf(error)}); give a PNG, JPEG or WebP file`,
    );
  }
}

/**
 * A picture as it is tested: brought to the input's size by its resize rule.
 * @param source a file's path or its bytes
 * @throws Error saying what is wrong with it
 */
export async function testPixels(
  source: string | Uint8Array,
  { shape, resize }: PictureSize,
): Promise<Uint8Array> {
  const [height, width] = shape;
  const { image, size } = await open(source);
  if (resize.rule === 'exact' && (size.width !== width || size.height !== height))
    throw new Misfit(`is ${size.width}x${size.height} pixels, the model takes ${width}x${height}`);
  if (resize.rule === 'stretch') image.resize(width, height, { fit: 'fill' });
  if (resize.rule === 'crop') centre(image, size, resize.size, { width, height });
  return pixelsOf(image, shape);
}

/**
 * A random variant of a picture for training: a part of it, resized to the input's size, mirrored or not.
 * @param choose the part, given the picture's size as it is seen
 * @throws Error saying what is wrong with the picture
 */
export async function variantPixels(
  source: Uint8Array,
  shape: PictureSize['shape'],
  choose: (size: { width: number; height: number }) => { region: Region; mirrored: boolean },
): Promise<Uint8Array> {
  const [height, width] = shape;
  const { image, size } = await open(source);
  const { region, mirrored } = choose(size);
  image.extract(region).resize(width, height, { fit: 'fill' }).flop(mirrored);
  return pixelsOf(image, shape);
}

/** The picture upright and without transparency, and its size then. */
async function open(
  source: string | Uint8Array,
): Promise<{ image: sharp.Sharp; size: { width: number; height: number } }> {
  const image = sharp(source, { limitInputPixels: MAX_PIXELS, failOn: 'error' });
  const { autoOrient } = await image.metadata();
  return { image: image.autoOrient().flatten({ background: '#000' }), size: autoOrient };
}

/** Resizes the shorter side to `side` and cuts the centre out. */
function centre(
  image: sharp.Sharp,
  found: { width: number; height: number },
  side: number,
  { width, height }: { width: number; height: number },
): void {
  const factor = side / Math.min(found.width, found.height);
  const w = Math.max(width, Math.round(found.width * factor));
  const h = Math.max(height, Math.round(found.height * factor));
  if (w * h > MAX_PIXELS) throw new Error(`its ${found.width}x${found.height} pixels are too narrow a strip`);
  image
    .resize(w, h, { fit: 'fill' })
    .extract({ left: (w - width) >> 1, top: (h - height) >> 1, width, height });
}

/** Runs what was asked of the image: bytes with as many channels as the input has, grey or sRGB. */
async function pixelsOf(image: sharp.Sharp, [, , channels]: PictureSize['shape']): Promise<Uint8Array> {
  const coloured = channels === 1 ? image.greyscale() : image.toColourspace('srgb');
  const { data, info } = await coloured.raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== channels)
    throw new Misfit(`has ${info.channels} channels, the model takes ${channels}`);
  return data;
}

/** A picture that can be read, but not be used; the message goes on behind its name. */
class Misfit extends Error {}

/** One line. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
