import { isBinarized } from '@apb/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { compressedLayers } from './walk.js';

/**
 * Starts the binarized weights of every APB layer anew at the middle of their interval, w = sign(w) * alpha, where
 * neither their value w_hat nor the mask changes: the network computes the same, what they had drifted towards the
 * edges is forgotten, and each is again delta away from full precision. The paper has the option (Nardini et al.,
 * arXiv 2306.08960); this formula is ours, the one that leaves the network as it is.
 *
 * Full-precision weights stay, and so do layers of other quantizers. Momentum of the optimizer is not touched.
 */
export function reinitialiseBinarized(model: LayersModel): void {
  for (const { weightQuantizer: kernel } of compressedLayers(model)) {
    if (kernel.quantizer.config.kind !== 'apb') continue;
    const { alpha, delta } = kernel.scales();
    kernel.setLatent(
      kernel.latent().map((w, i) => {
        const a = alpha[i % alpha.length];
        return isBinarized(w, a, delta) ? (w < 0 ? -a : a) : w;
      }),
    );
  }
}
