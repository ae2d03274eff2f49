import { type ModelMemory, memoryOf, readModel } from '@apb/core';

/** What the page asks for, and gets: a file's bytes; its layers, or why it is no model. */
export type Inspection = { memory: ModelMemory } | { error: string };

self.addEventListener('message', async ({ data: file }: MessageEvent<Uint8Array>) => {
  let answer: Inspection;
  try {
    answer = { memory: memoryOf(await readModel(file), file.length) };
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(answer);
});
