import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModel, subgraph } from '../../../packages/core/dist/index.js';
import {
  createSession,
  normalise,
  type Session,
  type SessionOptions,
} from '../../../packages/runtime/dist/index.js';
import { bundlePage } from '../../../tools/browser/bundle.mjs';
import { complaintsOf, launchChromium, noChromium } from '../../../tools/browser/chromium.mjs';
import { serve } from '../../../tools/browser/serve.mjs';
import type { Inside } from './inside.page.js';
import { buildSite } from './site.js';

declare const inside: Inside;

// sharp is a dependency of the site's package, whose modules this file does not resolve on its own in every tool.
const sharp: typeof import('sharp') = createRequire(import.meta.url)('sharp');
const model = join(import.meta.dirname, '../../../models/mnist-cnn-apb');
const SIDE = 28;

interface Served {
  readonly url: string;
  close(): Promise<void>;
}

describe('playground', () => {
  if (noChromium) {
    it('works in Chromium', context => context.skip(noChromium));
    return;
  }

  let browser: Browser;
  let site: Served;
  let hooks: Served;
  const remove: (() => Promise<void>)[] = [];
  let file: Buffer;
  let pictures: Uint8Array[];
  /** Native where it is built, else WebAssembly or the reference: what `createSession` chooses in Node. */
  let node: Session;

  beforeAll(async () => {
    const [built, bundle] = [
      await buildSite(),
      await bundlePage(join(import.meta.dirname, 'inside.page.ts')),
    ];
    remove.push(built.remove, bundle.remove);
    [site, hooks] = [await serve(built.folder), await serve(bundle.folder)];
    browser = await launchChromium();
    file = await readFile(join(model, 'model.safetensors'));
    node = await createSession(file);
    const { data, info } = await sharp(join(model, 'examples.png'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    pictures = Array.from({ length: 20 }, (_, i) =>
      Uint8Array.from({ length: SIDE * SIDE }, (_, at) => {
        const [x, y] = [i * SIDE + (at % SIDE), Math.floor(at / SIDE)];
        return data[(y * info.width + x) * info.channels];
      }),
    );
  });

  afterAll(async () => {
    node?.dispose();
    await browser?.close();
    for (const server of [site, hooks]) await server?.close();
    for (const folder of remove) await folder();
  });

  /** A page with the shipped model loaded; it must have nothing to complain about at the end. */
  async function withPlayground(
    use: (page: Page) => Promise<void>,
    options: Parameters<Browser['newPage']>[0] = { viewport: { width: 1280, height: 900 } },
  ): Promise<void> {
    const page = await browser.newPage({ reducedMotion: 'reduce', ...options });
    const complaints = complaintsOf(page);
    try {
      await page.goto(`${site.url}/playground.html`);
      await status(page, /MNIST digits.* is ready/);
      await use(page);
      expect(complaints).toEqual([]);
    } finally {
      await page.close();
    }
  }

  /** Waits until the status line says it. */
  async function status(page: Page, text: RegExp): Promise<string> {
    const line = page.getByRole('status').filter({ hasText: text });
    await line.waitFor({ timeout: 30_000 });
    return (await line.textContent()) ?? '';
  }

  async function scoresInNode(pixels: Uint8Array): Promise<{ best: string; probability: number }> {
    const { data } = await node.run(normalise(pixels, 1, node.input));
    const weights = Array.from(data, x => Math.exp(x - Math.max(...data)));
    const best = weights.indexOf(1);
    return { best: node.classes[best], probability: 1 / weights.reduce((a, b) => a + b) };
  }

  async function expectAnswer(page: Page, what: string, pixels: Uint8Array): Promise<void> {
    const { best, probability } = await scoresInNode(pixels);
    const line = await status(page, new RegExp(`^${what}.*the network says`));
    const [, shown, share] = /says (\S+) \((\S+) %\)/.exec(line) ?? [];
    expect(shown, line).toBe(best);
    // Layers with float input differ by rounding: far below what one decimal shows, but at its edges.
    expect(Math.abs(Number(share) / 100 - probability), line).toBeLessThan(0.0011);
    expect(await page.locator('.classes li').first().textContent()).toContain(best);
  }

  const fileInput = (page: Page, name: string) => page.getByLabel(name);

  /** Drops a file onto the page as a visitor's mouse does. */
  async function drop(page: Page, name: string, type: string, bytes: Uint8Array): Promise<void> {
    const transfer = await page.evaluateHandle(
      ([name, type, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(bytes)], name, { type }));
        return data;
      },
      [name, type, Array.from(bytes)] as const,
    );
    await page.dispatchEvent('.playground', 'drop', { dataTransfer: transfer });
  }

  const png = (pixels: Uint8Array, width = SIDE, height = SIDE, channels: 1 | 3 | 4 = 1) =>
    sharp(pixels, { raw: { width, height, channels } }).png().toBuffer();

  it('loads the shipped model, shows its layers and gives every test picture the answer that Node gives', async () => {
    await withPlayground(async page => {
      const rows = page.locator('tbody tr');
      expect(await rows.count()).toBe(5);
      expect(await rows.nth(3).textContent()).toMatch(/dense1.*2\.27.*2\.53 %.*1\/2 on wasm/);
      for (const [i, pixels] of pictures.entries()) {
        const label = `Test picture ${i + 1}, labelled ${Math.floor(i / 2)}`;
        await page.getByRole('button', { name: label, exact: true }).click();
        await expectAnswer(page, label, pixels);
      }
      expect(await page.locator('.time').textContent()).toMatch(/\d ms/);
      expect(await rows.nth(1).textContent()).toMatch(/µs/);
    });
  });

  it('switches between the backends, with the same answer', async () => {
    await withPlayground(async page => {
      await page.getByRole('button', { name: /^Test picture 5,/ }).click();
      await expectAnswer(page, 'Test picture 5', pictures[4]);
      for (const [name, backend] of [
        ['WebAssembly without SIMD', 'wasm'],
        ['Plain TypeScript', 'reference'],
        ['WebAssembly SIMD', 'wasm'],
      ]) {
        await page.getByRole('radio', { name, exact: true }).check();
        await expectAnswer(page, `Now on ${name}`, pictures[4]);
        expect(await page.locator('tbody tr').nth(1).textContent()).toContain(`1/2 on ${backend}`);
      }
    });
  });

  it('says what is wrong with a corrupt file and keeps the model before it', async () => {
    await withPlayground(async page => {
      const flipped = Uint8Array.from(file);
      flipped[flipped.length - 1] ^= 1;
      const alert = page.getByRole('alert');
      for (const [name, bytes, reason] of [
        ['flipped.safetensors', flipped, /do not match its sha256/],
        ['short.safetensors', flipped.subarray(0, 5000), /header length is \d+, but the file has 5000 bytes/],
        ['empty.safetensors', flipped.subarray(0, 0), /0 bytes/],
        ['page.safetensors', new TextEncoder().encode('<!doctype html><p>no such file'), /web page/],
      ] as const) {
        await drop(page, name, '', bytes);
        await alert.filter({ hasText: `${name} cannot be used. MNIST digits` }).waitFor();
        expect(await alert.textContent()).toMatch(reason);
        expect(await alert.textContent()).toContain('stays loaded');
      }
      await page.getByRole('button', { name: /^Test picture 1,/ }).click();
      await expectAnswer(page, 'Test picture 1', pictures[0]);
      expect(await alert.textContent()).toBe('');
      // A good file of the visitor's own, and the way back.
      await fileInput(page, 'Open a model file…').setInputFiles({
        name: 'mine.safetensors',
        mimeType: '',
        buffer: file,
      });
      await expectAnswer(page, 'mine.safetensors is ready', pictures[0]);
      await page.getByRole('button', { name: 'Back to our model' }).click();
      await status(page, /MNIST digits.* is ready/);
    });
  });

  it('classifies dropped and opened pictures, and offers to scale those that do not fit', async () => {
    await withPlayground(async page => {
      await drop(page, 'nine.png', 'image/png', await png(pictures[18]));
      await expectAnswer(page, 'nine.png', pictures[18]);
      const large = await sharp(await png(pictures[6]))
        .resize(280, 280, { kernel: 'nearest' })
        .png()
        .toBuffer();
      await fileInput(page, 'Open a picture…').setInputFiles({
        name: 'large.png',
        mimeType: 'image/png',
        buffer: large,
      });
      const alert = page.getByRole('alert');
      await alert
        .filter({ hasText: 'The picture has 280 × 280 pixels, this model takes exactly 28 × 28.' })
        .waitFor();
      await alert.getByRole('button', { name: 'Scale it to fit' }).click();
      // Every pixel ten by ten: shrinking gives the picture back.
      await expectAnswer(page, 'large\\.png', pictures[6]);
      await drop(page, 'broken.png', 'image/png', large.subarray(0, 100));
      await alert.filter({ hasText: 'broken.png cannot be opened. It is no picture' }).waitFor();
    });
  });

  it('reads digits that are drawn with the mouse', async () => {
    await withPlayground(async page => {
      const area = page.getByRole('application', { name: 'Drawing area' });
      await area.scrollIntoViewIfNeeded();
      const { x, y, width } = (await area.boundingBox())!;
      const at = (u: number, v: number) => [x + u * width, y + v * width] as const;
      await page.mouse.move(...at(0.5, 0.15));
      await page.mouse.down();
      for (let i = 0; i <= 24; i++)
        await page.mouse.move(
          ...at(0.5 - 0.24 * Math.sin((i * Math.PI) / 12), 0.5 - 0.35 * Math.cos((i * Math.PI) / 12)),
        );
      await page.mouse.up();
      expect(await status(page, /Your drawing/)).toMatch(/the network says 0 /);
      await page.getByRole('button', { name: 'Clear' }).click();
      await status(page, /The drawing is cleared/);
      expect(await page.locator('.classes').count()).toBe(0);
    });
  });

  it('can be used with the keyboard alone', async () => {
    await withPlayground(async page => {
      const focused = () =>
        page.evaluate(() => {
          const element = document.activeElement as HTMLElement;
          return element.getAttribute('aria-label') ?? (element as HTMLInputElement).value ?? '';
        });
      const tabTo = async (label: RegExp) => {
        for (let i = 0; i < 80; i++) {
          await page.keyboard.press('Tab');
          if (label.test(await focused())) return;
        }
        throw new Error(`the Tab key does not reach ${label}`);
      };
      await tabTo(/^simd$/);
      await page.keyboard.press('ArrowDown');
      await status(page, /Now on WebAssembly without SIMD/);
      await tabTo(/^Test picture 1,/);
      await page.keyboard.press('Enter');
      await expectAnswer(page, 'Test picture 1', pictures[0]);
      await tabTo(/Drawing area/);
      await page.keyboard.press('Space');
      for (let i = 0; i < 4; i++) await page.keyboard.press('Shift+ArrowDown');
      expect(await status(page, /Your drawing/)).toMatch(/the network says 1 /);
      await page.keyboard.press('Delete');
      await status(page, /The drawing is cleared/);
      await tabTo(/^Layers$/);
    });
  });

  it('fits phones and desktops, light and dark', async () => {
    for (const [width, height] of [
      [1280, 900],
      [390, 844],
    ])
      for (const colorScheme of ['light', 'dark'] as const)
        await withPlayground(
          async page => {
            await page.getByRole('button', { name: /^Test picture 8,/ }).click();
            await status(page, /Test picture 8/);
            expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
            const dark = await page.evaluate(() => document.documentElement.classList.contains('dark'));
            expect(dark).toBe(colorScheme === 'dark');
            // For people who look: APB_SCREENSHOTS=folder.
            const folder = process.env.APB_SCREENSHOTS;
            if (folder)
              await page.screenshot({
                path: join(folder, `playground-${width}-${colorScheme}.png`),
                fullPage: true,
              });
          },
          { viewport: { width, height }, colorScheme },
        );
  });

  it('layers with quantized input give the bits that they give in Node, on every backend', async () => {
    const page = await browser.newPage();
    try {
      await page.goto(hooks.url);
      await page.waitForFunction(() => 'inside' in globalThis);
      const whole = await readModel(file);
      const batch = normalise(
        Uint8Array.from(pictures.flatMap(picture => [...picture])),
        pictures.length,
        whole.input,
      );
      let value = await runInNode(['input', 'norm1_relu'], batch);
      for (const [from, to] of [
        ['norm1_relu', 'norm2_relu'],
        ['norm2_relu', 'norm3_relu'],
        ['norm3_relu', 'norm4_relu'],
      ] as [string, string][]) {
        const expected = await runInNode([from, to], value);
        const first = (count: number) => ({
          shape: [count, ...value.shape.slice(1)],
          data: Array.from(value.data.subarray(0, (value.data.length / pictures.length) * count)),
        });
        for (const options of [
          { backend: 'wasm', isa: 'simd128' },
          { backend: 'wasm', isa: 'scalar' },
          { backend: 'reference' },
        ] as SessionOptions[]) {
          const { data, steps } = await page.evaluate(
            ([file, part, batch, options]) => inside.runPart(file, part, batch, options),
            // The reference is for reading, not for speed.
            [Array.from(file), [from, to] as [string, string], first(options.isa ? 20 : 2), options] as const,
          );
          const layer = steps.find(({ product }) => product);
          expect(layer).toMatchObject({ product: '1/2', ...options });
          expect(bits(Float32Array.from(data)), `${from} to ${to}`).toEqual(
            bits(expected.data.subarray(0, data.length)),
          );
          expect(data.length).toBe((expected.data.length / pictures.length) * (options.isa ? 20 : 2));
        }
        value = expected;
      }
    } finally {
      await page.close();
    }

    async function runInNode(
      [from, to]: [string, string],
      batch: { shape: readonly number[]; data: Float32Array },
    ) {
      const session = await createSession(subgraph(await readModel(file), from, to));
      const output = await session.run(batch);
      session.dispose();
      return output;
    }
  });

  it('turns pictures into pixels as the command line does', async () => {
    const page = await browser.newPage();
    try {
      await page.goto(hooks.url);
      await page.waitForFunction(() => 'inside' in globalThis);
      const inPage = async (png: Buffer, shape: number[], resize: object) =>
        page.evaluate(
          ([png, shape, resize]) =>
            inside.pixels(png, { shape, resize: resize as { rule: 'exact' }, mean: [0], std: [1] }),
          [Array.from(png), shape, resize] as const,
        );
      // Every level of every channel, and mixtures.
      const colours = Uint8Array.from({ length: 64 * 48 * 3 }, (_, i) => (i * i * 31 + i * 7) % 256);
      const picture = await png(colours, 64, 48, 3);
      expect(await inPage(picture, [48, 64, 3], { rule: 'exact' })).toEqual(Array.from(colours));
      const greys = await sharp(picture).greyscale().raw().toBuffer();
      const shown = await inPage(picture, [48, 64, 1], { rule: 'exact' });
      // libvips works with tables of its own; one level apart is a matter of rounding.
      expect(Math.max(...shown.map((grey, i) => Math.abs(grey - greys[i])))).toBeLessThanOrEqual(1);
      // A slope has the same value under any filter, away from the borders.
      const slope = Uint8Array.from({ length: 80 * 40 }, (_, i) => 40 + 2 * (i % 80));
      const cut = await inPage(await png(slope, 80, 40), [20, 20, 1], { rule: 'crop', size: 20 });
      // The middle 40 of 80 columns, two by two: 40 + 2 * (20 + 2x + 0.5).
      for (let x = 2; x < 18; x++)
        expect(Math.abs(cut[200 + x] - (81 + 4 * x)), `column ${x}`).toBeLessThanOrEqual(1);
      const clear = Uint8Array.from({ length: 4 * 4 * 4 }, (_, i) => (i % 4 === 3 ? 0 : 255));
      expect(await inPage(await png(clear, 4, 4, 4), [4, 4, 1], { rule: 'exact' })).toEqual(
        new Array(16).fill(0),
      );
    } finally {
      await page.close();
    }
  });

  it('centres drawings by their mass in a box of 20 pixels, as MNIST does', async () => {
    const page = await browser.newPage();
    try {
      await page.goto(hooks.url);
      await page.waitForFunction(() => 'inside' in globalThis);
      expect(await page.evaluate(() => inside.centred([]))).toBeUndefined();
      // A bar with a heavy foot to the right, in a corner of the drawing.
      const centred = await page.evaluate(() =>
        inside.centred([
          [10, 150, 20, 120],
          [30, 250, 60, 20],
        ]),
      );
      const ink = centred!
        .map((grey, i) => ({ grey, x: (i % SIDE) + 0.5, y: Math.floor(i / SIDE) + 0.5 }))
        .filter(p => p.grey > 0);
      const extent = (axis: 'x' | 'y') =>
        Math.max(...ink.map(p => p[axis])) - Math.min(...ink.map(p => p[axis])) + 1;
      expect(extent('y')).toBe(20);
      // 120 high becomes 20, 80 wide 13.3.
      expect(extent('x')).toBe(13);
      const mass = ink.reduce((sum, p) => sum + p.grey, 0);
      for (const axis of ['x', 'y'] as const) {
        const centre = ink.reduce((sum, p) => sum + p.grey * p[axis], 0) / mass;
        // Moved by whole pixels.
        expect(Math.abs(centre - 14)).toBeLessThanOrEqual(0.55);
      }
    } finally {
      await page.close();
    }
  });
});

function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
