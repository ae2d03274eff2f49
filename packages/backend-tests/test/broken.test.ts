import { opNames } from '@apb/core';
import { describe, expect, it } from 'vitest';
import { checkBackend } from '../src/index.js';
import { brokenBehaviour } from './broken/behaviour.js';
import { brokenIntegers } from './broken/integers.js';
import { brokenLayers } from './broken/layers.js';
import { brokenOps } from './broken/ops.js';
import { changed } from './broken/wrap.js';

const options = { required: opNames };
const all = [...brokenIntegers, ...brokenLayers, ...brokenOps, ...brokenBehaviour];

describe('the suite against backends with one fault', () => {
  it('passes the reference behind the same wrapper', async () => {
    expect(
      await checkBackend(
        changed(() => ({})),
        options,
      ),
    ).toEqual([]);
  });

  it.each(all)('fails a backend that $name', async ({ make, fails, says, spares }) => {
    const failures = await checkBackend(make, options, one => [...fails, ...spares].includes(one.op));
    const found = new Set(failures.map(f => f.op));
    expect([...found].sort()).toEqual([...fails].sort());
    const messages = failures.map(f => f.error.message);
    expect(
      messages.filter(m => says.test(m)),
      messages.join('\n'),
    ).not.toEqual([]);
    for (const message of messages)
      if (!/is required/.test(message)) expect(message).toMatch(/APB_TEST_SEED=\d+/);
  });
});
