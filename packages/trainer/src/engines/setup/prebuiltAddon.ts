import { createReadStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar';
import { prebuilt } from './pins.js';
import { checkSha256, notLinuxX64, type Source, unpack } from './source.js';

const inArchive = 'node_modules/@tensorflow/tfjs-node/';

/** TensorFlow 1.15 with a compiled addon, packed for a cloud service: older and slower, but npm alone suffices. */
export const prebuiltAddon: Source = {
  name: prebuilt.package.spec,

  async unavailable() {
    return notLinuxX64();
  },

  async obtain(context) {
    const { root, scratch, onProgress } = context;
    await unpack(prebuilt.package, scratch, context, path => path === prebuilt.archive);
    onProgress('unpacking its libraries (250 MB)');
    await pipeline(
      createReadStream(join(scratch, prebuilt.archive)),
      createBrotliDecompress(),
      extract({
        cwd: root,
        // node_modules, @tensorflow and tfjs-node
        strip: 3,
        strict: true,
        filter: path => isWanted(path),
      }),
    );
    const lib = join(root, 'deps', 'lib');
    for (const { file, sha256 } of prebuilt.libraries) await checkSha256(join(lib, file), sha256);
    const addonFolder = join(root, 'lib', 'napi-v8');
    await rename(join(root, 'lib', 'napi-v6'), addonFolder);
    await checkSha256(join(addonFolder, prebuilt.addon.file), prebuilt.addon.sha256);
  },
};

/** The libraries with their version links, and the addon. */
function isWanted(path: string): boolean {
  const inside = path.startsWith(inArchive) ? path.slice(inArchive.length) : '';
  return /^deps\/lib\/libtensorflow[^/]*$/.test(inside) || inside === `lib/napi-v6/${prebuilt.addon.file}`;
}
