import type { Model } from '@apb/core';

/** What a reader of an exported network must know beside its graph, as JSON by key. */
export function metadataOf({ input, classes }: Model): Record<string, string> {
  const { mean, std, resize } = input;
  return {
    'apb.input': JSON.stringify({ layout: 'NHWC', formula: '(pixel / 255 - mean) / std', mean, std, resize }),
    ...(classes.length > 0 && { 'apb.classes': JSON.stringify(classes) }),
  };
}
