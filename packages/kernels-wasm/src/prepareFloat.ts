import { type ApbWeights, type ConvGeometry, type KernelWeights, residual, wordsPerRow } from '@apb/core';
import type { Device } from './device.js';
import type { Scope } from './memory.js';
import { type FloatWeights, paddedScales, putSparse, type RowLayout, rowLayout } from './weights.js';

/** Weights for float input: dense ones as panels of floats, compressed ones still packed. */
export function prepareFloat(
  device: Device,
  blocks: Scope,
  weights: Exclude<KernelWeights, { kind: 'twoBit' }>,
  geometry: ConvGeometry | undefined,
): FloatWeights {
  const { rows, k } = weights.kind === 'apb' ? weights.signs : weights;
  const layout = rowLayout(rows, k, geometry, device.floatPanel);
  const content =
    weights.kind === 'apb'
      ? packSigns(blocks, layout, weights)
      : { kind: 'panels' as const, panels: packPanels(device, blocks, layout, k, weights.values) };
  return { kind: 'float', ...layout, content };
}

function packPanels(
  device: Device,
  blocks: Scope,
  layout: RowLayout,
  k: number,
  values: Float32Array,
): number {
  const { groups, groupRows, paddedRows } = layout;
  const panels = blocks.alloc(4 * groups * paddedRows * k);
  device.withScratch(scratch => {
    const source = scratch.put(values);
    for (let g = 0; g < groups; g++)
      device.kernels.packFloatPanels(
        panels + 4 * g * paddedRows * k,
        source + 4 * g * groupRows * k,
        groupRows,
        k,
      );
  });
  return panels;
}

/**
 * One bit a weight is all that stays in memory: the product expands a panel at a time, which costs about one
 * operation a weight against one multiplication for each of the pixels that the panel then meets.
 */
function packSigns(blocks: Scope, layout: RowLayout, weights: ApbWeights) {
  const { groups, groupRows, paddedRows } = layout;
  const { signs, scales, positions, values } = weights;
  const perRow = wordsPerRow(signs.k);
  const words = new Uint32Array(groups * paddedRows * perRow);
  for (let g = 0; g < groups; g++)
    words.set(
      signs.words.subarray(g * groupRows * perRow, (g + 1) * groupRows * perRow),
      g * paddedRows * perRow,
    );
  const { rowStart, columns } = residual(weights);
  return {
    kind: 'signs' as const,
    signs: blocks.put(words),
    rowBytes: 4 * perRow,
    scales: blocks.put(paddedScales(layout, scales)),
    // Ascending positions are in row order already, so w itself can stand where residual() has r.
    sparse: putSparse(blocks, {
      rows: signs.rows,
      k: signs.k,
      rowStart,
      columns,
      values: values.slice(0, positions.length),
    }),
  };
}
