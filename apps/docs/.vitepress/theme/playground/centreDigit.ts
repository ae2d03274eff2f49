import { blackCanvas, contextOf } from './pixels.js';

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
  const ink = inkOf(drawing);
  if (!ink) return undefined;
  const [w, h] = [ink.right - ink.left, ink.bottom - ink.top];
  const factor = BOX / Math.max(w, h);
  const place = (canvas: HTMLCanvasElement, x: number, y: number) =>
    contextOf(canvas).drawImage(drawing, ink.left, ink.top, w, h, x, y, w * factor, h * factor);
  const draft = blackCanvas(SIDE, SIDE);
  const [x, y] = [(SIDE - w * factor) / 2, (SIDE - h * factor) / 2];
  place(draft, x, y);
  const mass = inkOf(draft);
  if (!mass) return undefined;
  const centred = blackCanvas(SIDE, SIDE);
  // Pixel i covers i to i + 1: the centre of the picture lies between pixels 13 and 14.
  place(centred, x + Math.round(SIDE / 2 - mass.x), y + Math.round(SIDE / 2 - mass.y));
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

function inkOf(canvas: HTMLCanvasElement): Ink | undefined {
  const { width, height } = canvas;
  const { data } = contextOf(canvas).getImageData(0, 0, width, height);
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
