import { afterAll, describe, expect, it } from 'vitest';
import { bundlePage } from './bundle.mjs';
import { launchChromium, noChromium } from './chromium.mjs';
import type { ConformancePage } from './conformance.page.js';
import { serve } from './serve.mjs';

declare const conformance: ConformancePage;

// What packages/kernels-wasm/test/conformance.test.ts runs in Node, in a page: one test a case.
describe('wasm kernels conform in headless Chromium', async () => {
  if (noChromium) {
    it('runs the suite', context => context.skip(noChromium));
    return;
  }
  const bundle = await bundlePage(`${import.meta.dirname}/conformance.page.ts`);
  const server = await serve(bundle.folder);
  const browser = await launchChromium();
  afterAll(async () => {
    await browser.close();
    await server.close();
    await bundle.remove();
  });
  const page = await browser.newPage();
  const failed = new Promise<never>((_, reject) => page.once('pageerror', reject));
  await page.goto(server.url);
  await Promise.race([
    page.waitForFunction(() => 'conformance' in globalThis, undefined, { timeout: 60_000 }),
    failed,
  ]);
  const cases = await page.evaluate(() => conformance.cases);
  it('covers the builds with and without SIMD', () => {
    expect(cases.map(one => one.isa)).toEqual(expect.arrayContaining(['simd128', 'scalar']));
  });
  for (const isa of new Set(cases.map(one => one.isa)))
    describe(isa || 'any instruction set', () => {
      cases.forEach(({ name, op, isa: own, skipped }, i) => {
        if (own !== isa) return;
        it(`${op}: ${name}`, async context => {
          if (skipped !== undefined) context.skip(skipped);
          const problem = await page.evaluate(at => conformance.run(at), i);
          if (problem !== undefined) throw new Error(problem);
        }, 120_000);
      });
    });
});
