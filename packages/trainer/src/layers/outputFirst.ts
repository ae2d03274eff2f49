/**
 * tf.layers' kernels have the output channel as their last axis, core's as their first: row-major
 * [n / out, out] -> [out, n / out]. Serves [kh, kw, in, out], [k, units] and depthwise [kh, kw, in * multiplier].
 */
export function outputFirst(values: Float32Array, out: number): Float32Array {
  const rest = values.length / out;
  const rows = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) rows[(i % out) * rest + Math.floor(i / out)] = values[i];
  return rows;
}
