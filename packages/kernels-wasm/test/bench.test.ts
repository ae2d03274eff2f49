import { describe, expect, it } from 'vitest';
import { benchKernels } from '../dist/bench/index.js';

const shapes = [
  { m: 40, k: 100, n: 70 },
  { m: 1, k: 1, n: 1 },
];
const quick = { shapes, milliseconds: 8 };

describe('the benchmark of kernels', () => {
  it('times every product on every build after checking it, against what counting bits can do', async () => {
    const steps: string[] = [];
    const { isa, ceilingGmacs, rows } = await benchKernels({
      ...quick,
      onProgress: (done, total, what) => steps.push(`${done}/${total} ${what}`),
    });
    expect(isa).toBe('relaxed-simd');
    expect(ceilingGmacs).toBeGreaterThan(0);
    expect(rows.map(({ op, variant, m }) => `${op} ${variant} ${m}`)).toEqual(
      [40, 1].flatMap(m =>
        ['1/1', '1/2', '1/4', '1/8', '2/2'].flatMap(op =>
          ['relaxed-simd', 'simd128', 'scalar'].map(variant => `${op} ${variant} ${m}`),
        ),
      ),
    );
    for (const row of rows) {
      expect(row.gmacs).toBeCloseTo((row.m * row.k * row.n) / row.us / 1e3, 6);
      expect(row.packUs).toBeGreaterThanOrEqual(0);
      expect(row.shareOfCeiling).toBeGreaterThan(0);
      expect(row.vsPaper).toBeNull();
    }
    expect(steps).toHaveLength(10);
    expect(steps[9]).toBe('9/10 2/2 1,1,1');
  });

  it('measures one instruction set on demand, and names those there are', async () => {
    const { isa, rows } = await benchKernels({ ...quick, isa: 'scalar' });
    expect(isa).toBe('scalar');
    expect(new Set(rows.map(({ variant }) => variant))).toEqual(new Set(['scalar']));
    await expect(benchKernels({ ...quick, isa: 'avx2' })).rejects.toThrow(
      'the wasm backend has no instruction set avx2 here; it has relaxed-simd, simd128, scalar',
    );
  });
});
