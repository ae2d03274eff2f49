/**
 * How many bits a network takes, by the three accountings of the field (METHOD section 6):
 *
 * - paper: per compressed layer `n + s * (32 + ceil(log2 n))`, n weights of which s in full precision;
 * - releasedCode: `32*FP + s * (32 + floor(log2(maxElements)) + 1) + (n - s)`, FP the parameters outside
 *   compressed layers, maxElements the largest tensor of the model;
 * - file: bytes really written.
 *
 * Scales beyond one per layer add 32 bits each to the first two.
 */
export {};
