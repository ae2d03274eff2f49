/** What playground.test.ts looks at from inside a page, beside the site itself: values between layers, and pixels. */
import { readModel, subgraph, type Tensor } from '@apb/core';
import { createSession, type SessionOptions } from '@apb/runtime';
import { centreDigit } from '../.vitepress/theme/playground/centreDigit.js';
import { contextOf, pixelsOf } from '../.vitepress/theme/playground/pixels.js';

const inside = {
  /** Runs the part of a model between two values; arrays of numbers, because that is what crosses to the test. */
  async runPart(
    file: number[],
    [from, to]: [string, string],
    batch: { shape: number[]; data: number[] },
    options: SessionOptions,
  ) {
    const part = subgraph(await readModel(Uint8Array.from(file)), from, to);
    const session = await createSession(part, options);
    const input: Tensor = { shape: batch.shape, data: Float32Array.from(batch.data) };
    const { data } = await session.run(input);
    const { steps } = session.explain();
    session.dispose();
    return {
      data: Array.from(data),
      steps: steps.map(({ product, isa, backend }) => ({ product, isa, backend })),
    };
  },

  async pixels(png: number[], input: Parameters<typeof pixelsOf>[1]) {
    const picture = await createImageBitmap(new Blob([Uint8Array.from(png)], { type: 'image/png' }));
    return Array.from(pixelsOf(picture, input));
  },

  /** The greys of a drawing of rectangles [x, y, w, h], centred. */
  centred(rectangles: number[][]): number[] | undefined {
    const drawing = document.createElement('canvas');
    drawing.width = drawing.height = 280;
    const context = contextOf(drawing);
    context.fillRect(0, 0, 280, 280);
    context.fillStyle = '#fff';
    for (const [x, y, w, h] of rectangles) context.fillRect(x, y, w, h);
    const digit = centreDigit(drawing);
    return (
      digit &&
      Array.from(
        contextOf(digit)
          .getImageData(0, 0, 28, 28)
          .data.filter((_, i) => i % 4 === 0),
      )
    );
  },
};

Object.assign(globalThis, { inside });
export type Inside = typeof inside;
