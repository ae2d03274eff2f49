import { InputError } from '@apb/core';
import type { WasmKernelBench } from '@apb/kernels-wasm/bench';
import { percent, table } from '../../ui/output.js';

/** The benchmarks come with the WebAssembly kernels, which are optional. */
export async function wasmBench(): Promise<typeof import('@apb/kernels-wasm/bench')> {
  try {
    return await import('@apb/kernels-wasm/bench');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new InputError('these benchmarks need @apb/kernels-wasm: npm install @apb/kernels-wasm');
  }
}

export function wasmReport({ isa, ceilingGmacs, rows }: WasmKernelBench, cpu: string): string {
  const limit =
    ceilingGmacs === null ? '' : `: counting bits on registers takes ${ceilingGmacs.toFixed(0)} GMAC/s`;
  return [
    `${cpu}, wasm ${isa}${limit}`,
    '',
    table(
      ['op', 'build', 'm,k,n', 'us', 'GMAC/s', 'of the ceiling', 'packing, us'],
      rows.map(r => [
        r.op,
        r.variant,
        `${r.m},${r.k},${r.n}`,
        r.us.toFixed(1),
        r.gmacs.toFixed(1),
        r.shareOfCeiling === null ? '' : percent(r.shareOfCeiling, 0),
        r.packUs.toFixed(1),
      ]),
    ),
  ].join('\n');
}
