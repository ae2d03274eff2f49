/** Lower triangular L with L L^T = A; A [n, n] symmetric and positive definite. */
export function cholesky(a: Float64Array, n: number): Float64Array {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let value = a[i * n + j];
      for (let p = 0; p < j; p++) value -= l[i * n + p] * l[j * n + p];
      l[i * n + j] = i === j ? Math.sqrt(value) : value / l[j * n + j];
    }
  return l;
}

/** The inverse of a lower triangular matrix. */
export function inverseOfLower(l: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = inverse.subarray(i * n, (i + 1) * n);
    for (let p = 0; p < i; p++) {
      const factor = l[i * n + p];
      const above = p * n;
      for (let j = 0; j <= p; j++) row[j] -= factor * inverse[above + j];
    }
    row[i] = 1;
    for (let j = 0; j <= i; j++) row[j] /= l[i * n + i];
  }
  return inverse;
}
