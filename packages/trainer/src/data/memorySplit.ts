import { augment } from './augment.js';
import type { Augmentation, Dataset, PixelBatch, Split } from './dataset.js';
import { pictureRandom } from './random.js';

/** Pictures with their classes in memory, in the order of the data set. */
export class MemorySplit implements Split {
  readonly count: number;

  /**
   * @param images row-major [count, height, width, channels], 0..255
   * @param labels [count] indices into `Dataset.classes`
   */
  constructor(
    readonly images: Uint8Array,
    readonly labels: Uint8Array,
    private readonly shape: Dataset['shape'],
  ) {
    this.count = labels.length;
  }

  /** One block of memory serves all batches. */
  async *read(
    requests: Iterable<ArrayLike<number>>,
    augmentation?: Augmentation,
  ): AsyncGenerator<PixelBatch> {
    const size = this.shape[0] * this.shape[1] * this.shape[2];
    let memory = new Uint8Array(0);
    for (const indices of requests) {
      const count = indices.length;
      if (memory.length < count * size) memory = new Uint8Array(count * size);
      const labels = new Uint8Array(count);
      for (let i = 0; i < count; i++) {
        const at = indices[i];
        labels[i] = this.labels[at];
        const picture = this.images.subarray(at * size, (at + 1) * size);
        const out = memory.subarray(i * size, (i + 1) * size);
        if (augmentation) augment(picture, this.shape, pictureRandom(augmentation, at), out);
        else out.set(picture);
      }
      yield { pixels: memory.subarray(0, count * size), labels, count };
    }
  }
}
