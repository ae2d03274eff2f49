// Compiles assembly/ once per instruction set and writes each binary as a JavaScript module with the bytes in
// base64: dist/wasm/<isa>.js. Why not a .wasm file beside it: `fetch` of a file: address fails in Node, `fs` is
// absent in browsers, and bundlers disagree about `new URL('x.wasm', import.meta.url)`. A module loads the same
// way everywhere; base64 costs a third, about one kilobyte after compression.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(root, 'dist', 'wasm');

/** Entry, folders that hold the modules 'isa' and 'vectors', and features of each build. */
const builds = {
  'relaxed-simd': {
    entry: 'byTables',
    paths: ['relaxed-simd', 'vectors'],
    features: ['simd', 'relaxed-simd'],
  },
  simd128: { entry: 'byTables', paths: ['simd128', 'vectors'], features: ['simd'] },
  scalar: { entry: 'byWords', paths: ['scalar'], features: [] },
  // For the benchmark: loops on registers, no kernels.
  ceiling: { entry: 'ceiling', paths: [], features: ['simd'] },
};

await mkdir(out, { recursive: true });
for (const [isa, build] of Object.entries(builds)) {
  const bytes = await compile(isa, build);
  await writeFile(join(out, `${isa}.wasm`), bytes);
  await writeFile(join(out, `${isa}.js`), `export default '${Buffer.from(bytes).toString('base64')}';\n`);
}

async function compile(isa, { entry, paths, features }) {
  let binary;
  const { error, stderr } = await asc.main(
    [
      `assembly/${entry}/index.ts`,
      ...paths.flatMap(path => ['--path', `assembly/${path}`]),
      ...['--baseDir', root],
      ...['--optimizeLevel', '3', '--noAssert'],
      ...['--runtime', 'stub'],
      ...['--importMemory', '--noExportMemory'],
      ...['--outFile', 'kernels.wasm'],
      ...features.flatMap(feature => ['--enable', feature]),
    ],
    {
      writeFile: (_, contents) => {
        binary = contents;
      },
    },
  );
  const messages = stderr.toString();
  // Warnings are mistakes too: an unintended conversion between addresses and integers, mostly.
  if (error || messages)
    throw new Error(`assembly for ${isa} does not compile\n${messages}`, { cause: error });
  return binary;
}
