import { existsSync } from 'node:fs';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { compileAddon, noCompiler } from './compileAddon.js';
import type { Source } from './source.js';

/** The user's own libtensorflow: a folder with `lib` and `include`, as TensorFlow's C library is released. */
export const ownLibrary: Source = {
  name: 'LIBTENSORFLOW_DIR',

  async unavailable() {
    const folder = process.env.LIBTENSORFLOW_DIR;
    if (!folder) return 'is not set';
    for (const part of ['lib', join('include', 'tensorflow', 'c', 'c_api.h')]) {
      if (!existsSync(join(folder, part))) return `has no ${part} in ${folder}`;
    }
    return noCompiler();
  },

  async obtain(context) {
    const folder = resolve(process.env.LIBTENSORFLOW_DIR!);
    const lib = join(context.root, 'deps', 'lib');
    await mkdir(lib, { recursive: true });
    // Linked, not copied: a quarter of a gigabyte that is the user's to keep.
    for (const file of await readdir(join(folder, 'lib'))) {
      if (file.startsWith('libtensorflow')) await symlink(join(folder, 'lib', file), join(lib, file));
    }
    await compileAddon(context, join(folder, 'include'));
  },
};
