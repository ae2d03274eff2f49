import { blackCanvas, contextOf } from './pixels.js';
import { type Rgba, shrink } from './shrink.js';

/** Sides of MNIST's pictures and of the box that the digit is scaled into. */
const SIDE = 28;
const BOX = 20;

/**
 * A drawing as MNIST's authors prepared theirs (yann.lecun.com/exdb/mnist): the ink scaled into 20 x 20 with its
 * proportions kept, then moved so that its centre of mass is the centre of 28 x 28.
 * @param drawing white on black
 * @returns white on black, 28 x 28; undefined when nothing is drawn
 */
export function centreDigit(drawing: HTMLCanvasElement): HTMLCanvasElement | undefined {
  const whole = contextOf(drawing).getImageData(0, 0, drawing.width, drawing.height);
  const ink = inkOf(whole);
  if (!ink) return undefined;
  const [w, h] = [ink.right - ink.left, ink.bottom - ink.top];
  const box = contextOf(drawing).getImageData(ink.left, ink.top, w, h);
  const factor = BOX / Math.max(w, h);
  const scaled =
    factor > 1 ? box : shrink(box, Math.max(1, Math.round(w * factor)), Math.max(1, Math.round(h * factor)));
  // Strokes as faint as half a grey level are gone by now.
  const mass = inkOf(scaled);
  if (!mass) return undefined;
  const centred = blackCanvas(SIDE, SIDE);
  const image = new ImageData(Uint8ClampedArray.from(scaled.data), scaled.width, scaled.height);
  // Pixel i covers i to i + 1: the centre of the picture lies between pixels 13 and 14.
  contextOf(centred).putImageData(image, Math.round(SIDE / 2 - mass.x), Math.round(SIDE / 2 - mass.y));
  return centred;
}

interface Ink {
  /** The box of all that is not black, right and bottom exclusive. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** Centre of mass. */
  readonly x: number;
  readonly y: number;
}

function inkOf({ width, height, data }: Rgba): Ink | undefined {
  let [left, top, right, bottom, mass, x, y] = [width, height, 0, 0, 0, 0, 0];
  for (let i = 0; i < width * height; i++) {
    const grey = data[4 * i];
    if (grey === 0) continue;
    const [column, row] = [i % width, Math.floor(i / width)];
    left = Math.min(left, column);
    right = Math.max(right, column + 1);
    top = Math.min(top, row);
    bottom = Math.max(bottom, row + 1);
    mass += grey;
    x += grey * (column + 0.5);
    y += grey * (row + 0.5);
  }
  return mass ? { left, top, right, bottom, x: x / mass, y: y / mass } : undefined;
}
