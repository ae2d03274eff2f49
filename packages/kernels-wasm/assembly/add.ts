import { add as sum, LANES, loadFloats, storeFirst } from 'isa';

/** to[i] = fl(a[i] + b[i]); `to` may be `a`. */
export function add(to: usize, a: usize, b: usize, count: i32): void {
  for (let i = 0; i < count; i += LANES)
    storeFirst(to + 4 * i, sum(loadFloats(a + 4 * i), loadFloats(b + 4 * i)), count - i);
}
