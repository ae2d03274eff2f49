import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NativeBackend } from '../src/backend.js';
import { LoadError, loadAddon, packageRoot } from '../src/load.js';

const built = join('build', 'Release', 'apb_kernels.node');
const libc = process.platform === 'linux' ? '.glibc' : '';
const prebuilt = join('prebuilds', `${process.platform}-${process.arch}`, `@apb+kernels-native${libc}.node`);

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'apb-load-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** A file in the made-up package; a copy of the real addon unless it has content. */
function place(file: string, content?: string): void {
  const target = join(root, file);
  mkdirSync(join(target, '..'), { recursive: true });
  if (content === undefined) copyFileSync(join(packageRoot, built), target);
  else writeFileSync(target, content);
}

function failure(): LoadError {
  try {
    loadAddon(root);
  } catch (error) {
    if (error instanceof LoadError) return error;
    throw error;
  }
  throw new Error('an addon was loaded');
}

describe('loading the addon', () => {
  it('takes what was built here', () => {
    place(built);
    place(prebuilt, 'never looked at');
    expect(loadAddon(root).isas()).toContain('portable');
  });

  it('takes a prebuilt one of this platform', () => {
    place(prebuilt);
    expect(loadAddon(root).isas()).toContain('portable');
  });

  it('goes on to a prebuilt one when the built one is broken', () => {
    place(built, 'not a library');
    place(prebuilt);
    expect(loadAddon(root).isas()).toContain('portable');
  });

  it('says that there is nothing and what would help', () => {
    const { message, fix } = failure();
    expect(message).toContain(`${process.platform}-${process.arch}`);
    expect(message).toContain(`${built} (not built)`);
    expect(message).toContain('prebuilds (none for');
    expect(message).not.toContain('\n');
    expect(fix).toContain('npm rebuild @apb/kernels-native');
  });

  it('ignores prebuilt ones of other platforms', () => {
    place(join('prebuilds', 'plan9-mips', 'node.node'));
    expect(failure().message).toContain('prebuilds (none for');
  });

  it("names every broken file with the linker's reason", () => {
    place(built, 'not a library');
    place(prebuilt, 'neither');
    const { attempts } = failure();
    expect(attempts).toHaveLength(2);
    expect(attempts[0]).toMatch(/^build.*apb_kernels\.node \(.+\)$/);
    expect(attempts[1]).toMatch(/^prebuilds.*\.node \(.+\)$/);
  });
});

describe('a backend without its addon', () => {
  it('is unusable, with the reason and the fix', async () => {
    const { message, fix } = failure();
    const probe = await new NativeBackend(() => loadAddon(root)).probe();
    expect(probe).toEqual({ unusable: message, fix });
  });

  it('cannot be initialised', async () => {
    await expect(new NativeBackend(() => loadAddon(root)).init()).rejects.toThrow(LoadError);
  });
});
