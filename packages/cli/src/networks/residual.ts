import type { NetworkBuilder, Value } from './builder.js';

/** A block of two 3 x 3 convolutions around which its input is added. */
export interface Block {
  readonly name: string;
  readonly filters: number;
  readonly strides: number;
  /** Makes the shortcut where the size changes: from the input, and from the input quantized for the convolutions. */
  readonly shortcut: (name: string, x: Value, quantized: Value) => Value;
}

/** Bi-Real for 1-bit activations, else as in the full-precision network. */
export function residualBlock(b: NetworkBuilder, block: Block, x: Value): Value {
  return b.options.bits === 1 ? biRealBlock(b, block, x) : plainBlock(b, block, x);
}

/** x -> relu(x' + norm(conv(quantize(relu(norm(conv(quantize(x)))))))), x' the shortcut (arXiv 1512.03385). */
function plainBlock(b: NetworkBuilder, { name, filters, strides, shortcut }: Block, x: Value): Value {
  const quantized = b.quantize(`${name}_quantizer1`, x);
  let y = b.convNorm(`${name}_conv1`, quantized, { filters, kernel: 3, strides, compressed: true });
  y = b.quantize(`${name}_quantizer2`, b.relu(`${name}_relu1`, y));
  y = b.convNorm(`${name}_conv2`, y, { filters, kernel: 3, compressed: true });
  const x2 = strides === 1 ? x : shortcut(`${name}_shortcut`, x, quantized);
  return b.relu(`${name}_relu2`, b.sum(`${name}_add`, y, x2));
}

/** Two units of sign -> conv -> norm -> + shortcut -> PReLU (Liu et al., Bi-Real Net, arXiv 1808.00278). */
function biRealBlock(b: NetworkBuilder, { name, filters, strides, shortcut }: Block, input: Value): Value {
  let x = input;
  for (const i of [1, 2]) {
    const step = i === 1 ? strides : 1;
    const quantized = b.quantize(`${name}_quantizer${i}`, x);
    const y = b.convNorm(`${name}_conv${i}`, quantized, {
      filters,
      kernel: 3,
      strides: step,
      compressed: true,
    });
    const x2 = step === 1 ? x : shortcut(`${name}_shortcut`, x, quantized);
    x = b.prelu(`${name}_prelu${i}`, b.sum(`${name}_add${i}`, y, x2));
  }
  return x;
}
