import { describe, expect, it, vi } from 'vitest';
import { roundUp, WasmMemory } from '../src/memory.js';

const PAGE = 65_536;
const START = 1_000;
/** Blocks start at multiples of 16 and may be read 16 bytes past their end. */
const ALIGN = 16;
const SLACK = 16;

function make({ pages = 1, limitPages = 64 } = {}): { raw: WebAssembly.Memory; memory: WasmMemory } {
  const raw = new WebAssembly.Memory({ initial: pages });
  return { raw, memory: new WasmMemory(raw, START, limitPages * PAGE) };
}

describe('alloc', () => {
  it('gives aligned blocks that leave the static data and each other alone', () => {
    const { memory } = make();
    const sizes = [0, 1, 15, 16, 17, 1_000];
    const blocks = sizes.map(size => ({ at: memory.alloc(size), size }));
    for (const { at } of blocks) expect(at % ALIGN).toBe(0);
    expect(blocks[0].at).toBeGreaterThanOrEqual(START);
    for (let i = 1; i < blocks.length; i++)
      expect(blocks[i].at).toBeGreaterThanOrEqual(blocks[i - 1].at + blocks[i - 1].size + SLACK);
  });

  it('uses released blocks again, joined with their neighbours on both sides', () => {
    const { memory } = make();
    const [a, b, c, d] = [100, 100, 100, 100].map(size => memory.alloc(size));
    memory.release(a);
    memory.release(c);
    memory.release(b);
    // 3 blocks of roundUp(100 + 16, 16) = 128 bytes, less the slack of one.
    expect(memory.alloc(3 * 128 - SLACK)).toBe(a);
    memory.release(d);
    expect(memory.alloc(100)).toBe(d);
  });

  it('refuses to release what is no block, and a block twice', () => {
    const { memory } = make();
    const at = memory.alloc(10);
    memory.release(at);
    expect(() => memory.release(at)).toThrow(`no block starts at address ${at}`);
    expect(() => memory.release(at + 1)).toThrow('no block starts');
  });

  it('keeps thousands of random blocks apart and ends where it began', () => {
    const seed = 7;
    console.log(`seed ${seed}`);
    const random = lehmer(seed);
    const { memory } = make({ limitPages: 256 });
    const live: { at: number; size: number; fill: number }[] = [];
    for (let i = 0; i < 5_000; i++) {
      if (live.length > 50 || (live.length > 0 && random(2) === 0)) {
        const [{ at, size, fill }] = live.splice(random(live.length), 1);
        expect(memory.bytes(at, size).every(byte => byte === fill)).toBe(true);
        memory.release(at);
      } else {
        const size = random(3_000);
        const block = { at: memory.alloc(size), size, fill: random(256) };
        memory.bytes(block.at, size).fill(block.fill);
        live.push(block);
      }
      expect(memory.inUse).toBe(live.reduce((sum, { size }) => sum + roundUp(size + SLACK, ALIGN), 0));
    }
    for (const { at } of live) memory.release(at);
    expect(memory.inUse).toBe(0);
    // One free block is left: all but the static data fits without growing.
    const { reserved } = memory;
    memory.alloc(reserved - roundUp(START, ALIGN) - SLACK);
    expect(memory.reserved).toBe(reserved);
  });
});

describe('growth', () => {
  it('keeps contents and detaches old views', () => {
    const { memory } = make();
    const at = memory.alloc(16);
    memory.write(at, Float32Array.of(1, -2, 3, 4));
    const old = memory.floats(at, 4);
    memory.alloc(10 * PAGE);
    expect(old.length).toBe(0);
    expect([...memory.floats(at, 4)]).toEqual([1, -2, 3, 4]);
  });

  it('doubles at least, so that many small blocks cost few growths', () => {
    const { raw, memory } = make({ limitPages: 64 });
    const grow = vi.spyOn(raw, 'grow');
    for (let i = 0; i < 63; i++) memory.alloc(PAGE - 2_000);
    // 1 page doubled: 2, 4, 8, 16, 32, 64.
    expect(grow).toHaveBeenCalledTimes(6);
    expect(memory.reserved).toBe(64 * PAGE);
  });

  it('takes what is left where doubling would pass the limit', () => {
    const { memory } = make({ pages: 4, limitPages: 6 });
    memory.alloc(5 * PAGE);
    expect(memory.reserved).toBe(6 * PAGE);
  });

  it('uses the free end of the memory, so that need is not counted twice', () => {
    const { memory } = make({ limitPages: 2 });
    memory.alloc(2 * PAGE - roundUp(START, ALIGN) - SLACK);
    expect(memory.reserved).toBe(2 * PAGE);
  });

  it('says what was needed, reserved and allowed, and stays usable', () => {
    const { memory } = make({ limitPages: 2 });
    const at = memory.alloc(100);
    expect(() => memory.alloc(16 * PAGE)).toThrow(
      new RangeError(
        'the wasm backend needs 1.0 MiB more memory but cannot have it (0.1 MiB reserved, 0.1 MiB allowed); ' +
          'dispose buffers that are no longer needed or use a smaller batch',
      ),
    );
    expect(memory.reserved).toBe(PAGE);
    memory.release(at);
    expect(memory.alloc(PAGE)).toBe(at);
  });

  it('tries the least when the engine refuses the planned growth', () => {
    const { raw, memory } = make({ pages: 8 });
    const grow = raw.grow.bind(raw);
    vi.spyOn(raw, 'grow').mockImplementation(pages => {
      if (pages > 2) throw new RangeError('out of memory');
      return grow(pages);
    });
    memory.alloc(8 * PAGE);
    expect(memory.reserved).toBe(9 * PAGE);
    expect(() => memory.alloc(8 * PAGE)).toThrow('cannot have it');
  });
});

describe('scope', () => {
  it('releases all its blocks at once and once only', () => {
    const { memory } = make();
    const scope = memory.scope();
    scope.put(Uint8Array.of(1, 2, 3));
    const zeros = scope.zeros(40);
    expect([...memory.bytes(zeros, 40)]).toEqual(new Array(40).fill(0));
    expect(scope.bytes).toBe(memory.inUse);
    scope.release();
    scope.release();
    expect(memory.inUse).toBe(0);
  });
});

/** Integers below n from a Lehmer generator, the same on every machine. */
function lehmer(seed: number): (n: number) => number {
  let state = seed;
  return n => {
    state = (state * 48_271) % 0x7fffffff;
    return state % n;
  };
}
