/** Whether a backend may be used: after init, until dispose. Its buffers and weights look here too. */
export class Lifetime {
  private state: 'new' | 'ready' | 'disposed' = 'new';

  start(): void {
    if (this.state === 'disposed') throw new Error('this reference backend has been disposed');
    this.state = 'ready';
  }

  end(): void {
    this.state = 'disposed';
  }

  assertReady(): void {
    if (this.state === 'ready') return;
    throw new Error(
      this.state === 'new'
        ? 'call init() before using the reference backend'
        : 'this reference backend has been disposed',
    );
  }
}
