import { atLeast, atMost, LANES, loadFloats, splat, storeFirst } from 'isa';

/** to[i] = x, raised to low and lowered to high; ReLU is low = +0, high = infinity. `to` may be `from`. */
export function clamp(to: usize, from: usize, count: i32, low: f32, high: f32): void {
  for (let i = 0; i < count; i += LANES)
    storeFirst(to + 4 * i, atMost(atLeast(loadFloats(from + 4 * i), splat(low)), splat(high)), count - i);
}
