import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { bundlePage } from './bundle.mjs';

/** Of JavaScript with all kernel builds inlined, gzipped; a page loads one of the builds. */
const MOST_BYTES = 80_000;

it('a page with runtime, core and kernels takes at most 80 kB, compressed', async () => {
  const { folder, remove } = await bundlePage(`${import.meta.dirname}/size.page.ts`);
  try {
    const assets = join(folder, 'assets');
    let total = 0;
    for (const file of (await readdir(assets)).sort()) {
      const bytes = await readFile(join(assets, file));
      const packed = gzipSync(bytes).length;
      total += packed;
      console.log(`${file}: ${bytes.length} bytes, ${packed} gzipped`);
      // What only Node has would be kept as an import, or as the bundler's stand-in for it.
      expect(bytes.toString()).not.toMatch(/["'`]node:|__vite-browser-external|kernels-native/);
    }
    console.log(`in all ${total} gzipped`);
    expect(total).toBeGreaterThan(20_000);
    expect(total).toBeLessThanOrEqual(MOST_BYTES);
  } finally {
    await remove();
  }
}, 60_000);
