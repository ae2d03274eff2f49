import type { BufferSpec, DeviceBuffer, KernelBackend, PlanBuffer, Tensor } from '@apb/core';

/** The values of one run: where each lives, moved to another backend when a step there reads it. */
export class Values {
  private readonly places = new Map<number, Map<KernelBackend, DeviceBuffer>>();

  constructor(
    private readonly specs: readonly PlanBuffer[],
    private readonly batch: number,
  ) {}

  /** Takes the network's input in, onto the backend that reads it first. */
  upload(index: number, values: Tensor, backend: KernelBackend): void {
    this.put(index, backend, backend.upload(values, 'the batch'));
  }

  /** A new buffer for a step to write. */
  alloc(index: number, backend: KernelBackend): DeviceBuffer {
    const buffer = backend.alloc(this.spec(index));
    this.put(index, backend, buffer);
    return buffer;
  }

  /** The value on a backend; a copy stays there, so that several readers cost one transfer. */
  on(index: number, backend: KernelBackend): DeviceBuffer {
    const there = this.place(index).get(backend);
    if (there) return there;
    const [from, buffer] = this.anywhere(index);
    const spec = this.spec(index);
    const moved =
      spec.kind === 'float'
        ? backend.upload(from.download(buffer), 'a value between two layers')
        : backend.importPlanes(from.exportPlanes(buffer), spec.encoding, spec.shape);
    this.put(index, backend, moved);
    return moved;
  }

  download(index: number): Tensor {
    const [backend, buffer] = this.anywhere(index);
    return backend.download(buffer);
  }

  free(index: number): void {
    for (const buffer of this.places.get(index)?.values() ?? []) buffer.dispose();
    this.places.delete(index);
  }

  freeAll(): void {
    for (const index of [...this.places.keys()]) this.free(index);
  }

  private spec(index: number): BufferSpec {
    const spec = this.specs[index];
    return { ...spec, shape: [this.batch, ...spec.shape] };
  }

  private put(index: number, backend: KernelBackend, buffer: DeviceBuffer): void {
    const place = this.places.get(index) ?? new Map();
    this.places.set(index, place.set(backend, buffer));
  }

  private place(index: number): Map<KernelBackend, DeviceBuffer> {
    const place = this.places.get(index);
    if (!place) throw new Error(`value ${index} of the plan is read before it is written`);
    return place;
  }

  private anywhere(index: number): [KernelBackend, DeviceBuffer] {
    return this.place(index).entries().next().value as [KernelBackend, DeviceBuffer];
  }
}
