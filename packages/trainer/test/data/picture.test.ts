import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@apb/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resizedCrop } from '../../src/data/imagefolder/resizedCrop.js';
import { decodePicture, testPixels, variantPixels } from '../../src/data/picture.js';
import { randomFor } from '../../src/data/random.js';

/** Left half one colour, right half another, 40 x 24. */
const [W, H] = [40, 24];
const halves = (left: readonly number[], right: readonly number[]) => {
  const channels = left.length as 1 | 3 | 4;
  const pixels = Buffer.alloc(W * H * channels);
  for (let i = 0; i < W * H; i++) pixels.set(i % W < W / 2 ? left : right, i * channels);
  return sharp(pixels, { raw: { width: W, height: H, channels } });
};
const [RED, BLUE] = [
  [250, 10, 10],
  [10, 10, 250],
];
const jpeg = { quality: 100, chromaSubsampling: '4:4:4' } as const;
const at = (pixels: Uint8Array, width: number, x: number, y: number) => [
  ...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];
function expectNear(found: readonly number[], wanted: readonly number[], by: number): void {
  expect(found.length).toBe(wanted.length);
  found.forEach((v, c) => void expect(Math.abs(v - wanted[c]), `${found}`).toBeLessThanOrEqual(by));
}
const exact = { shape: [H, W, 3], resize: { rule: 'exact' } } as const;
const crop = { shape: [16, 16, 3], resize: { rule: 'crop', size: 24 } } as const;

describe('testPixels', () => {
  it.each([
    ['an RGB PNG', () => halves(RED, BLUE).png(), 0],
    ['an RGB JPEG', () => halves(RED, BLUE).jpeg(jpeg), 4],
    ['a progressive JPEG', () => halves(RED, BLUE).jpeg({ ...jpeg, progressive: true }), 4],
    ['a 16-bit PNG', () => halves(RED, BLUE).toColourspace('rgb16').png(), 1],
    ['a palette PNG', () => halves(RED, BLUE).png({ palette: true }), 4],
    // Its colours are those of the profile: the round trip keeps red red and blue blue, not to the bit.
    ['a CMYK JPEG', () => halves(RED, BLUE).toColourspace('cmyk').jpeg(jpeg), 110],
  ] as const)('reads %s', async (_, make, by) => {
    const pixels = await testPixels(await make().toBuffer(), exact);
    expectNear(at(pixels, W, 5, 5), RED, by);
    expectNear(at(pixels, W, W - 5, 5), BLUE, by);
  });

  it('reads grey pictures of 8 and 16 bits as three equal channels, or one', async () => {
    for (const picture of [
      halves([200], [40]).toColourspace('b-w').png(),
      halves([200], [40]).toColourspace('b-w').jpeg(jpeg),
      halves([200], [40]).toColourspace('grey16').png(),
    ]) {
      const bytes = await picture.toBuffer();
      expect((await sharp(bytes).metadata()).channels).toBe(1);
      const pixels = await testPixels(bytes, exact);
      expectNear(at(pixels, W, 5, 5), [200, 200, 200], 2);
      expectNear(at(pixels, W, W - 5, 5), [40, 40, 40], 2);
      const grey = await testPixels(bytes, { ...exact, shape: [H, W, 1] });
      expect(grey.length).toBe(W * H);
      expect(Math.abs(grey[5] - 200)).toBeLessThanOrEqual(2);
    }
  });

  it('lays transparency on black', async () => {
    const bytes = await halves([250, 10, 10, 0], [10, 10, 250, 255]).png().toBuffer();
    const pixels = await testPixels(bytes, exact);
    expect(at(pixels, W, 5, 5)).toEqual([0, 0, 0]);
    expect(at(pixels, W, W - 5, 5)).toEqual(BLUE);
  });

  it('turns pictures upright: what is tagged as turned a quarter has red on top', async () => {
    const bytes = await halves(RED, BLUE).withMetadata({ orientation: 6 }).jpeg(jpeg).toBuffer();
    const pixels = await testPixels(bytes, { ...exact, shape: [W, H, 3] });
    expectNear(at(pixels, H, 5, 5), RED, 4);
    expectNear(at(pixels, H, H - 5, 5), RED, 4);
    expectNear(at(pixels, H, 5, W - 5), BLUE, 4);
  });

  it('cuts the centre out under the rule crop', async () => {
    const pixels = await testPixels(await halves(RED, BLUE).png().toBuffer(), crop);
    expect(pixels.length).toBe(16 * 16 * 3);
    // The shorter side is 24 already; columns 12 to 27 are left, the border between 19 and 20.
    expect([at(pixels, 16, 7, 0), at(pixels, 16, 8, 15)]).toEqual([RED, BLUE]);
  });

  it('refuses hostile files', async () => {
    const strip = await sharp({ create: { width: 1, height: 9000, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    await expect(
      testPixels(strip, { shape: [224, 224, 3], resize: { rule: 'crop', size: 256 } }),
    ).rejects.toThrow('its 1x9000 pixels are too narrow a strip');
    const large = Buffer.from(await halves(RED, BLUE).png().toBuffer());
    // Width and height stand behind signature, length and name of the first chunk.
    large.writeUInt32BE(2 ** 20, 16);
    large.writeUInt32BE(2 ** 20, 20);
    await expect(testPixels(large, crop)).rejects.toThrow();
    const whole = await halves(RED, BLUE).jpeg(jpeg).toBuffer();
    await expect(testPixels(whole.subarray(0, whole.length >> 1), crop)).rejects.toThrow();
    await expect(testPixels(Buffer.from('no picture'), crop)).rejects.toThrow(/^[^\n]+$/);
  });
});

describe('decodePicture', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'apb-picture-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('gives what a data set gives, and names the file in errors', async () => {
    const file = join(folder, 'picture.jpg');
    const bytes = await halves(RED, BLUE).jpeg(jpeg).toBuffer();
    await writeFile(file, bytes);
    expect(await decodePicture(file, crop)).toEqual(await testPixels(bytes, crop));
    await expect(decodePicture(file, { ...exact, shape: [H, H, 3] })).rejects.toThrow(
      new InputError(`${file} is 40x24 pixels, the model takes 24x24; convert the picture`),
    );
    await expect(decodePicture(join(folder, 'none.jpg'), crop)).rejects.toThrow(InputError);
  });
});

describe('variantPixels', () => {
  const shape = [8, 8, 3] as const;

  it('takes the chosen part of the upright picture, mirrored or not', async () => {
    const bytes = await halves(RED, BLUE).withMetadata({ orientation: 6 }).jpeg(jpeg).toBuffer();
    let seen = {};
    // Upright it is 24 wide, 40 high, red above row 20.
    const part = (top: number, mirrored = false) =>
      variantPixels(bytes, shape, size => {
        seen = { width: size.width, height: size.height };
        return { region: { left: 2, top, width: 16, height: 16 }, mirrored };
      });
    expectNear(at(await part(0), 8, 4, 4), RED, 6);
    expect(seen).toEqual({ width: H, height: W });
    expectNear(at(await part(24), 8, 4, 4), BLUE, 6);
    const straight = await halves(RED, BLUE).png().toBuffer();
    const whole = { left: 0, top: 0, width: W, height: H };
    const mirrored = await variantPixels(straight, shape, () => ({ region: whole, mirrored: true }));
    expectNear(at(mirrored, 8, 0, 4), BLUE, 6);
    expectNear(at(mirrored, 8, 7, 4), RED, 6);
  });
});

describe('resizedCrop', () => {
  it.each([
    [500, 375],
    [375, 500],
    [1, 1],
    [2, 1000],
    [1000, 2],
    [7, 5],
  ])(
    'lies inside a picture of %i x %i, with allowed area and proportions where they are possible',
    (width, height) => {
      const random = randomFor(3, width, height);
      const [areas, lefts] = [[] as number[], new Set<number>()];
      for (let i = 0; i < 500; i++) {
        const r = resizedCrop({ width, height }, random);
        for (const side of Object.values(r)) expect(Number.isInteger(side)).toBe(true);
        expect(r.left >= 0 && r.top >= 0 && r.width >= 1 && r.height >= 1).toBe(true);
        expect(r.left + r.width <= width && r.top + r.height <= height).toBe(true);
        areas.push((r.width * r.height) / (width * height));
        lefts.add(r.left);
        if (Math.min(width, height) > 100) {
          // Sides are rounded to pixels: less than 1 % off at 100 pixels and more.
          expect(r.width / r.height).toBeGreaterThan(0.74);
          expect(r.width / r.height).toBeLessThan(1.35);
        }
      }
      if (Math.min(width, height) < 100) return;
      expect(Math.min(...areas)).toBeGreaterThan(0.079);
      expect(Math.min(...areas)).toBeLessThan(0.15);
      expect(Math.max(...areas)).toBeGreaterThan(0.8);
      expect(lefts.size).toBeGreaterThan(50);
    },
  );
});
