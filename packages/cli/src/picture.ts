import { InputError, type Model } from '@apb/core';
import sharp from 'sharp';

/** Pictures of more pixels are refused before they are decoded. */
const MAX_PIXELS = 100_000_000;

/**
 * Decodes a picture file to 8-bit pixels [H, W, C] of the model's input size by its resize rule; transparency
 * is laid on black.
 * @throws InputError when it cannot be read, is no picture, or has another size under the rule `exact`
 */
export async function decodePicture(path: string, input: Model['input']): Promise<Uint8Array> {
  const [height, width, channels] = input.shape;
  let image = sharp(path, { limitInputPixels: MAX_PIXELS, failOn: 'error' });
  const found = await metadata(image, path);
  image = image.autoOrient().flatten({ background: '#000' });
  const { rule } = input.resize;
  if (rule === 'exact' && (found.width !== width || found.height !== height))
    throw new InputError(
      `${path} is ${found.width}x${found.height} pixels, the model takes ${width}x${height}; resize the picture`,
    );
  if (rule === 'stretch') image = image.resize(width, height, { fit: 'fill' });
  if (input.resize.rule === 'crop') image = cropped(image, found, input.resize.size, width, height);
  image = channels === 1 ? image.greyscale() : image.toColourspace('srgb');
  try {
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== channels)
      throw new InputError(
        `${path} has ${info.channels} channels, the model takes ${channels}; convert the picture`,
      );
    return data;
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function metadata(image: sharp.Sharp, path: string): Promise<{ width: number; height: number }> {
  try {
    const { autoOrient } = await image.metadata();
    return autoOrient;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Resizes the shorter side to `size` and cuts the centre out. */
function cropped(
  image: sharp.Sharp,
  found: { width: number; height: number },
  size: number,
  width: number,
  height: number,
): sharp.Sharp {
  const factor = size / Math.min(found.width, found.height);
  const w = Math.max(width, Math.round(found.width * factor));
  const h = Math.max(height, Math.round(found.height * factor));
  return image
    .resize(w, h, { fit: 'fill' })
    .extract({ left: (w - width) >> 1, top: (h - height) >> 1, width, height });
}

function unreadable(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0];
  return new InputError(`${path} cannot be read as a picture (${reason}); give a PNG, JPEG or WebP file`);
}
