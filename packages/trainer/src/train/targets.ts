import type { ClassIndices } from '../data/dataset.js';

/**
 * What a network is to answer, row-major [count, classes], each row a distribution: the class with label smoothing s,
 * `(1 - s) * oneHot + s / classes` (Szegedy et al., arXiv 1512.00567, section 7).
 */
export function smoothTargets(labels: ClassIndices, classes: number, smoothing = 0): Float32Array {
  const targets = new Float32Array(labels.length * classes).fill(smoothing / classes);
  labels.forEach((label, i) => {
    targets[i * classes + label] += 1 - smoothing;
  });
  return targets;
}
