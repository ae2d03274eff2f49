import { Worker as Thread } from 'node:worker_threads';

/** Runs dist/worker/serve.js on a thread of Node, behind the part of a web worker's face that a session uses. */
export function threadWorker(
  dist = new URL('../dist/worker/', import.meta.url),
): Worker & { ended: Promise<number> } {
  const script = `
    const { parentPort } = require('node:worker_threads');
    globalThis.postMessage = (message, transfer) => parentPort.postMessage(message, transfer);
    // Messages wait in the port until the script listens, as they do in a browser.
    globalThis.addEventListener = (type, listener) => parentPort.on(type, data => listener({ data }));
    import(${JSON.stringify(new URL('entry.js', dist).href)});
  `;
  const thread = new Thread(script, { eval: true });
  const ended = new Promise<number>(resolve => thread.once('exit', resolve));
  const face = {
    ended,
    postMessage: (message: unknown, transfer: ArrayBuffer[]) => thread.postMessage(message, transfer),
    terminate: () => void thread.terminate(),
    addEventListener(type: string, listener: (event: unknown) => void) {
      if (type === 'message') thread.on('message', data => listener({ data }));
      if (type === 'error') thread.on('error', ({ message }) => listener({ message }));
    },
  };
  return face as unknown as Worker & { ended: Promise<number> };
}
