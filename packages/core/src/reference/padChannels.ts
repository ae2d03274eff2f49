import { checkInteger, expectShape } from '../backend/checks.js';
import type { ReferenceBuffer } from './buffer.js';

/** Zero channels before and after those of the last axis. */
export function padChannels(before: number, after: number, x: ReferenceBuffer, out: ReferenceBuffer): void {
  checkInteger(before, 0, 'padChannels before');
  checkInteger(after, 0, 'padChannels after');
  const last = x.shape.length - 1;
  if (last < 0) throw new RangeError('padChannels needs at least one axis');
  const channels = x.shape[last];
  const wide = before + channels + after;
  expectShape(out.shape, [...x.shape.slice(0, last), wide], 'the output of padChannels');
  const from = x.floats;
  const to = out.floats.fill(0);
  for (let i = 0; i < from.length; i++)
    to[Math.floor(i / channels) * wide + before + (i % channels)] = from[i];
}
