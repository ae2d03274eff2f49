import {
  assertFinite,
  type ConvGeometry,
  type KernelWeights,
  residual,
  type SparseRows,
  wordsPerRow,
} from '@apb/core';
import type { Device } from './device.js';
import type { Scope } from './memory.js';
import { type IntWeights, paddedScales, putSparse, type RowLayout, rowLayout } from './weights.js';

/** Packs binary or 2-bit weights into panels, with their tap sums and sparse corrections. */
export function prepareInt(
  device: Device,
  blocks: Scope,
  weights: Exclude<KernelWeights, { kind: 'float' }>,
  geometry: ConvGeometry | undefined,
): IntWeights {
  const { rows, k } = weights.kind === 'apb' ? weights.signs : weights.codes;
  const layout = rowLayout(rows, k, geometry, device.rowGrain);
  const signPlanes =
    weights.kind === 'apb' ? [weights.signs.words] : complements(weights.codes.words, rows, k);
  const packed = packPlanes(device, blocks, layout, k, signPlanes);
  const common = { kind: 'int' as const, ...layout, ...packed, scales: paddedScales(layout, weights.scales) };
  if (weights.kind === 'twoBit' || weights.positions.length === 0) return common;
  const corrections = residual(weights);
  assertFinite(corrections.values, 'the residual of the weights');
  const mask = blocks.put(rowMask(layout, corrections));
  return {
    ...common,
    sparse: { ...putSparse(blocks, corrections), count: corrections.columns.length, mask },
  };
}

/**
 * A 2-bit weight 2p - 3 with p = 2*p1 + p0 is 2*s1 + s0, s = +1 where the bit of p is 1: so plane u of signs
 * (bit 1 means -1) is the complement of plane u of codes, within the k bits of a row.
 */
function complements(words: Uint32Array, rows: number, k: number): Uint32Array[] {
  const perRow = wordsPerRow(k);
  const tail = k & 31 ? 2 ** (k & 31) - 1 : 0xffffffff;
  return [0, 1].map(u =>
    words
      .subarray(u * rows * perRow, (u + 1) * rows * perRow)
      .map((word, i) => ~word & (i % perRow === perRow - 1 ? tail : 0xffffffff)),
  );
}

function packPlanes(device: Device, blocks: Scope, layout: RowLayout, k: number, signPlanes: Uint32Array[]) {
  const { kernels, cellChannels, weightBytes } = device;
  const { groups, groupRows, paddedRows, taps, channels } = layout;
  const planes = signPlanes.length;
  const rowBytes = 4 * wordsPerRow(k);
  const cells = Math.ceil(channels / cellChannels);
  const groupBytes = paddedRows * planes * taps * cells * weightBytes;
  const panels = blocks.alloc(groups * groupBytes);
  const tapStride = 4 * groups * paddedRows;
  const tapSums = blocks.zeros(taps * tapStride);
  device.withScratch(scratch => {
    signPlanes.forEach((words, u) => {
      const source = scratch.put(words);
      for (let g = 0; g < groups; g++) {
        const from = source + g * groupRows * rowBytes;
        kernels.packPanels(panels + g * groupBytes, from, rowBytes, groupRows, taps, channels, planes, u);
        const sums = tapSums + 4 * g * paddedRows;
        kernels.tapSums(sums, tapStride, from, rowBytes, groupRows, taps, channels, 2 ** u);
      }
    });
  });
  return { panels, groupBytes, planes, cells, tapSums };
}

/** [all padded rows], all ones where a row has corrections. */
function rowMask({ groups, groupRows, paddedRows }: RowLayout, { rowStart, rows }: SparseRows): Int32Array {
  const mask = new Int32Array(groups * paddedRows);
  for (let row = 0; row < rows; row++)
    if (rowStart[row] < rowStart[row + 1])
      mask[Math.floor(row / groupRows) * paddedRows + (row % groupRows)] = -1;
  return mask;
}
