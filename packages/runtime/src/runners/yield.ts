/** Lets timers, input and other tasks run; resumes as soon as they had their turn. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise(resolve => {
    // setTimeout would cost a millisecond a step, and four in browsers once nested.
    if (typeof globalThis.setImmediate === 'function') globalThis.setImmediate(resolve);
    else if (typeof MessageChannel === 'function') {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    } else setTimeout(resolve, 0);
  });
}
