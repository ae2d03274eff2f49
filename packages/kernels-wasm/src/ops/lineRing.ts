import { forEachStretch, type Windows } from '../windows.js';

/** Most output pixels worked on at once: what they need stays in the caches while panels pass by. */
export const INT_CHUNK = 64;

/** The lines of a packed input that a stretch of output pixels needs, in a form that a kernel reads. */
export interface LineStore {
  /** Writes input line `line` to place `slot`; the last line of all may have fewer pixels. */
  fill(line: number, slot: number, pixels: number): void;
}

/**
 * Turns each line of the input once, as output pixels get to it, into places that are used in turn: so lines stay in the
 * caches from when they are written until the last kernel row has read them, and memory is that of a few lines.
 */
export class LineRing {
  /** Places; input line i, counted over all pictures, is in place i % lines. */
  readonly lines: number;
  private next = 0;
  private readonly needs: Needs;

  constructor(private readonly windows: Windows) {
    this.needs = needsOf(windows);
    this.lines = this.needs.lines;
  }

  /** Makes ready what a stretch needs; stretches come in order. */
  advance(first: number, count: number, stores: readonly LineStore[]): void {
    const { inW, inPixels } = this.windows;
    const { top, bottom } = neededLines(this.windows, this.needs.spans, first, count);
    for (let line = Math.max(top, this.next); line <= bottom; line++)
      for (const store of stores) store.fill(line, line % this.lines, Math.min(inW, inPixels - line * inW));
    this.next = Math.max(this.next, bottom + 1);
  }
}

interface Needs {
  /** [outH, 2]: the first and the last input row that an output row sees, -1 for none. */
  readonly spans: Int32Array;
  /** The most lines that a stretch needs at once. */
  readonly lines: number;
}

/** Worked out once, since weights keep the windows of their last input. */
const known = new WeakMap<Windows, Needs>();

function needsOf(windows: Windows): Needs {
  const old = known.get(windows);
  if (old) return old;
  const spans = rowSpans(windows);
  let lines = 1;
  forEachStretch(windows, INT_CHUNK, (first, count) => {
    const { top, bottom } = neededLines(windows, spans, first, count);
    lines = Math.max(lines, bottom - top + 1);
  });
  const needs = { spans, lines };
  known.set(windows, needs);
  return needs;
}

/** First and last input line of all pictures that is seen; the last before the first when there is none. */
function neededLines(
  { outH, outW, inH }: Windows,
  spans: Int32Array,
  first: number,
  count: number,
): { top: number; bottom: number } {
  let top = Number.POSITIVE_INFINITY;
  let bottom = -1;
  for (let line = Math.floor(first / outW); line * outW < first + count; line++) {
    const start = Math.floor(line / outH) * inH;
    const at = 2 * (line % outH);
    if (spans[at + 1] < 0) continue;
    top = Math.min(top, start + spans[at]);
    bottom = Math.max(bottom, start + spans[at + 1]);
  }
  return { top, bottom };
}

function rowSpans({ outH, kh, rowTaps }: Windows): Int32Array {
  const spans = new Int32Array(2 * outH).fill(-1);
  for (let y = 0; y < outH; y++)
    for (let ky = 0; ky < kh; ky++) {
      const row = rowTaps[y * kh + ky];
      if (row < 0) continue;
      if (spans[2 * y] < 0) spans[2 * y] = row;
      spans[2 * y + 1] = row;
    }
  return spans;
}
