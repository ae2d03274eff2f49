/** A model of this site and pictures of the data set that it was trained on. */
export interface ShippedModel {
  readonly name: string;
  /** Path on the site. */
  readonly file: string;
  /** Its card in the repository. */
  readonly card: string;
  readonly examples: {
    /** Pictures side by side, `labels.length` of them. */
    readonly sheet: string;
    readonly side: number;
    readonly labels: readonly string[];
    readonly source: string;
  };
}

/** scripts/copyModels.mjs puts the files there. */
export const shippedModel: ShippedModel = {
  name: 'MNIST digits, 1-bit weights, 2-bit activations',
  file: '/models/mnist-cnn-apb/model.safetensors',
  card: '/models/mnist-cnn-apb/README.md',
  examples: {
    sheet: '/models/mnist-cnn-apb/examples.png',
    side: 28,
    // scripts/exampleDigits.mjs takes two pictures of each class.
    labels: Array.from({ length: 20 }, (_, i) => String(Math.floor(i / 2))),
    source:
      'Test pictures of MNIST by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, made from NIST’s Special Databases; CC BY-SA 3.0.',
  },
};
