import * as tf from '@tensorflow/tfjs-core';

/**
 * A kernel written in terms of other kernels of the same backend. tfjs-core records no gradient inside a
 * kernel, and intermediate tensors are freed when it returns.
 */
export interface Kernel<Inputs = never, Attrs = never> {
  readonly name: string;
  readonly run: (inputs: Inputs, attrs: Attrs) => tf.Tensor | tf.Tensor[];
}

export function kernel<Inputs, Attrs>(name: string, run: Kernel<Inputs, Attrs>['run']): Kernel {
  return { name, run } as unknown as Kernel;
}

/** Registers a kernel for a backend, in place of the one it may have. */
export function registerKernel(backendName: string, { name, run }: Kernel): void {
  replace(backendName, name, ({ inputs, attrs }) => tf.tidy(() => run(inputs as never, attrs as never)));
}

/** Registers a kernel for the calls that the backend's own cannot do. */
export function registerFallback<Attrs>(
  backendName: string,
  { name, run }: Kernel,
  needed: (attrs: Attrs) => boolean,
): void {
  const own = tf.getKernel(name, backendName).kernelFunc;
  replace(backendName, name, call => {
    const { inputs, attrs } = call;
    return needed(attrs as Attrs) ? tf.tidy(() => run(inputs as never, attrs as never)) : own(call);
  });
}

function replace(backendName: string, kernelName: string, kernelFunc: tf.KernelFunc): void {
  const own = tf.getKernel(kernelName, backendName);
  if (own) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ ...own, kernelName, backendName, kernelFunc });
}
