import type { Region } from '../picture.js';
import type { Random } from '../random.js';

/** Share of a picture's area that a crop covers, and width over height of the crop. */
const AREA = { min: 0.08, max: 1 };
const RATIO = { min: 3 / 4, max: 4 / 3 };
const TRIES = 10;

/**
 * A random part of a picture, to be resized to the network's input: its area uniform in 8 to 100 % of the picture's,
 * its proportions log-uniform in 3:4 to 4:3, its place uniform (Szegedy et al., "Going deeper with convolutions",
 * arXiv 1409.4842, section 6; the distribution is torchvision's RandomResizedCrop). Where ten draws do not fit, the
 * largest centre part of allowed proportions.
 */
export function resizedCrop(size: { width: number; height: number }, random: Random): Region {
  const uniform = (min: number, max: number) => min + (random() / 2 ** 32) * (max - min);
  const anyOf = (count: number) => Math.floor(uniform(0, count));
  for (let i = 0; i < TRIES; i++) {
    const area = size.width * size.height * uniform(AREA.min, AREA.max);
    const ratio = Math.exp(uniform(Math.log(RATIO.min), Math.log(RATIO.max)));
    const width = Math.round(Math.sqrt(area * ratio));
    const height = Math.round(Math.sqrt(area / ratio));
    if (width < 1 || height < 1 || width > size.width || height > size.height) continue;
    const [top, left] = [anyOf(size.height - height + 1), anyOf(size.width - width + 1)];
    return { left, top, width, height };
  }
  const width = Math.min(size.width, Math.max(1, Math.round(size.height * RATIO.max)));
  const height = Math.min(size.height, Math.max(1, Math.round(size.width / RATIO.min)));
  return { left: (size.width - width) >> 1, top: (size.height - height) >> 1, width, height };
}
