import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { InputError, type Tensor, uniformQuantizer, writeModel } from '@apb/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as browser from '../src/browser.js';
import * as node from '../src/index.js';
import { residualNet } from './build.js';

const options = { backend: 'reference', env: {} };
const net = residualNet(uniformQuantizer(2, -0.25, 1), 11);
const batch = net.batch(2);
let file: Uint8Array<ArrayBuffer>;
let expected: Uint32Array;
let folder: string;
let server: Server;
let url: string;

const bits = ({ data }: Tensor) => new Uint32Array(data.buffer, data.byteOffset, data.length);

async function scores(source: node.ModelSource, { createSession } = node, more: node.SessionOptions = {}) {
  const session = await createSession(source, { ...options, ...more });
  try {
    return bits(await session.run(batch));
  } finally {
    session.dispose();
  }
}

beforeAll(async () => {
  file = new Uint8Array(await writeModel(net.model()));
  expected = await scores(file);
  folder = await mkdtemp(join(tmpdir(), 'apb-load-'));
  await writeFile(join(folder, 'model.safetensors'), file);
  server = createServer((request, response) => {
    const path = request.url;
    if (path === '/model') response.writeHead(200, { 'content-length': file.length }).end(file);
    else if (path === '/pieces') {
      // In three parts, without a length.
      for (let i = 0; i < 3; i++)
        response.write(
          file.subarray(Math.ceil((i * file.length) / 3), Math.ceil(((i + 1) * file.length) / 3)),
        );
      response.end();
    } else if (path === '/gzip') {
      const packed = gzipSync(file);
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed);
    } else if (path === '/page')
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html><p>home');
    else if (path === '/disguised') response.end('\n<!DOCTYPE html><p>home');
    else if (path === '/pointer')
      response.end('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n');
    else if (path === '/short') response.end(file.subarray(0, file.length - 1));
    else if (path === '/cut') {
      response.writeHead(200, { 'content-length': file.length });
      response.write(file.subarray(0, 100), () => response.destroy());
    } else if (path === '/slow') {
      response.writeHead(200, { 'content-length': file.length });
      response.write(file.subarray(0, 100));
    } else if (path === '/lying') response.writeHead(200, { 'content-length': 2 ** 40 }).write('x');
    else response.writeHead(404).end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

describe.each([
  ['in Node', node],
  ['in browsers', browser],
])('a model %s', (_, place) => {
  it('comes from every kind of source, to the same bits', async () => {
    const sources = [
      file,
      file.buffer,
      new Blob([file]),
      new File([file], 'model.safetensors'),
      new Response(file),
      await fetch(`${url}/model`),
      `${url}/model`,
      new URL(`${url}/pieces`),
      `${url}/gzip`,
      `data:application/octet-stream;base64,${Buffer.from(file).toString('base64')}`,
      net.model(),
    ];
    for (const source of sources) expect(await scores(source, place)).toEqual(expected);
  });

  it('tells how far it is', async () => {
    for (const [source, knowsTotal] of [
      [`${url}/model`, true],
      [`${url}/pieces`, false],
      [`${url}/gzip`, false],
      [new Blob([file]), true],
    ] as const) {
      const seen: node.LoadProgress[] = [];
      await scores(source, place, { onProgress: progress => seen.push(progress) });
      const total = file.length;
      expect(seen.at(-1)).toEqual({ loaded: total, total });
      expect(seen.map(({ loaded }) => loaded)).toEqual(
        seen.map(({ loaded }) => loaded).sort((a, b) => a - b),
      );
      for (const progress of seen.slice(0, -1)) expect(progress.total).toBe(knowsTotal ? total : undefined);
    }
  });

  it('is refused with an InputError that names the address and the reason', async () => {
    for (const [path, reason] of [
      ['/absent', /is not there: the server answers 404 Not Found; check the address/],
      ['/page', /is a web page, not a model file/],
      ['/disguised', /is a web page, not a model file/],
      ['/pointer', /pointer of Git LFS/],
      ['/short', /model file: tensor .* ends at \d+, but the data section has \d+ bytes/],
      ['/cut', /breaks off after 100 of \d+ bytes/],
      ['/lying', /has 1099511627776 bytes or more, at most 1073741824 are allowed/],
    ] as const) {
      const attempt = place.createSession(url + path, options);
      await expect(attempt, path).rejects.toThrow(InputError);
      await expect(attempt, path).rejects.toThrow(reason);
      await expect(attempt, path).rejects.toThrow(`${url}${path}`);
    }
    const nobody = place.createSession('http://127.0.0.1:1/model', options);
    await expect(nobody).rejects.toThrow(InputError);
    await expect(nobody).rejects.toThrow(/cannot be loaded .*check the address/);
  });

  it('is refused when it is larger than allowed, however it comes', async () => {
    const maxBytes = file.length - 1;
    for (const source of [`${url}/model`, `${url}/pieces`, new Blob([file]), new Response(file)])
      await expect(place.createSession(source, { ...options, maxBytes })).rejects.toThrow(
        new RegExp(`at most ${maxBytes} are allowed`),
      );
    expect(await scores(`${url}/pieces`, place, { maxBytes: file.length })).toEqual(expected);
  });

  it('is given up when the signal fires, with its reason', async () => {
    const reason = new Error('enough');
    await expect(scores(`${url}/model`, place, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const endless = () =>
      new ReadableStream(
        { pull: controller => controller.enqueue(file.subarray(0, 10)) },
        { highWaterMark: 0 },
      );
    for (const source of [`${url}/slow`, new Response(endless())]) {
      const abort = new AbortController();
      const onProgress = ({ loaded }: node.LoadProgress) => loaded >= 100 && abort.abort(reason);
      await expect(scores(source, place, { signal: abort.signal, onProgress })).rejects.toBe(reason);
    }
  });

  it('does not come from a response that was read or failed', async () => {
    const read = await fetch(`${url}/model`);
    await read.arrayBuffer();
    await expect(place.createSession(read, options)).rejects.toThrow('has been read already');
    const failed = await fetch(`${url}/absent`);
    await expect(place.createSession(failed, options)).rejects.toThrow(`${url}/absent is not there`);
  });

  it('can be loaded as bytes', async () => {
    expect(await place.loadBytes(`${url}/pieces`)).toEqual(file);
    await expect(place.loadBytes(`${url}/page`)).rejects.toThrow('is a web page');
  });
});

describe('files', () => {
  it('are opened by path and URL in Node', async () => {
    const path = join(folder, 'model.safetensors');
    for (const source of [path, pathToFileURL(path), pathToFileURL(path).href])
      expect(await scores(source)).toEqual(expected);
    const seen: node.LoadProgress[] = [];
    await scores(path, node, { onProgress: progress => seen.push(progress) });
    expect(seen.at(-1)).toEqual({ loaded: file.length, total: file.length });
  });

  it('that are absent or folders are InputErrors', async () => {
    for (const [path, reason] of [
      [join(folder, 'absent'), 'does not exist'],
      [folder, 'is no file'],
    ]) {
      const attempt = node.createSession(path, options);
      await expect(attempt).rejects.toThrow(InputError);
      await expect(attempt).rejects.toThrow(`${path} ${reason}`);
    }
  });
});

it('both entries export the same names', () => {
  expect(Object.keys(browser).sort()).toEqual(Object.keys(node).sort());
});

it('a session tells its input and classes', async () => {
  const session = await node.createSession(file, options);
  expect(session.input).toEqual(net.model().input);
  expect(session.classes).toEqual(net.model().classes);
  session.dispose();
});
