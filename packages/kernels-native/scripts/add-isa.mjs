// Starts a new instruction set: one kernel file, its lines in kernels.inc, its target in binding.gyp.
//   node scripts/add-isa.mjs NAME --needs kAvx2 --flags="-mavx2 -mfma"
// It begins as the portable bit_gemm compiled with the new flags; replace the popcount by something better, then add
// further kernels the same way. Its tests are those of every listed kernel: pnpm --filter @apb/kernels-native test:sanitize
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

function fail(message) {
  console.error(`add-isa: ${message}`);
  process.exit(2);
}

const root = fileURLToPath(new URL('..', import.meta.url));

function options() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { needs: { type: 'string' }, flags: { type: 'string', default: '' } },
    });
  } catch (error) {
    fail(error.message);
  }
}

const { positionals, values } = options();
const [name] = positionals;
if (positionals.length !== 1 || !/^[a-z][a-z0-9]*$/.test(name))
  fail('give one name in lower-case letters and digits, such as avx10');
if (!values.needs || !/^k[A-Za-z0-9]+( \| k[A-Za-z0-9]+)*$/.test(values.needs))
  fail('--needs names the CPU features of src/base/cpu.h it takes, such as kAvx2');

const inRoot = file => join(root, file);
const source = `src/kernels/bit_gemm/x86_${name}.cc`;
if (existsSync(inRoot(source))) fail(`${source} is there already`);

const camel = name[0].toUpperCase() + name.slice(1);
const kernel = `BitGemmX86${camel}`;
const template = `// ${name}: compiled with wider flags, so intrinsics and internal linkage only.
#include "kernels/bit_gemm/words.h"

namespace apb {
namespace {

// Bits set in a word. Replace it, or the whole loop, by what the instruction set does best.
inline uint64_t Popcount(uint64_t x) {
  x -= (x >> 1) & 0x5555555555555555u;
  x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
  return (x * 0x0101010101010101u) >> 56;
}

}  // namespace

void ${kernel}(const BitGemmArgs& args) { BitGemmByWords(args, Popcount); }

}  // namespace apb
`;

/** @throws unless the anchor is there exactly once */
function insertBefore(text, anchor, addition, file) {
  const at = text.indexOf(anchor);
  if (at < 0 || text.indexOf(anchor, at + 1) >= 0)
    fail(`${file} has changed: ${JSON.stringify(anchor)} must be there exactly once`);
  return text.slice(0, at) + addition + text.slice(at);
}

function edit(file, change) {
  return [inRoot(file), change(readFileSync(inRoot(file), 'utf8'))];
}

// Lane words of 64 bits, so that all kernels it does not bring are the portable ones.
const list = edit('src/kernels/kernels.inc', text =>
  insertBefore(
    text,
    '#endif  // APB_X86',
    `\nAPB_ISA(${name}, ${values.needs}, 64, 1)\nAPB_KERNEL(bit_gemm, ${name}, ${values.needs}, ${kernel})\n`,
    'kernels.inc',
  ),
);
const flags = values.flags.split(' ').filter(Boolean);
const project = edit('binding.gyp', text => {
  const target = JSON.stringify({
    target_name: `apb_x86_${name}`,
    type: 'static_library',
    sources: [source],
    cflags_cc: flags,
    xcode_settings: { OTHER_CPLUSPLUSFLAGS: flags },
  });
  const listed = insertBefore(text, '"apb_x86_popcnt", ', `"apb_x86_${name}", `, 'binding.gyp');
  return insertBefore(
    listed,
    '        {\n          "target_name": "apb_x86_popcnt"',
    `        ${target},\n`,
    'binding.gyp',
  );
});
for (const [file, text] of [[inRoot(source), template], list, project]) writeFileSync(file, text);
console.log(`made ${source}; listed ${name} in src/kernels/kernels.inc and binding.gyp`);
