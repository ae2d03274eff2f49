import type { LoadProgress, ProfiledStep, Session } from '@apb/runtime';
import { onUnmounted, ref, shallowRef, watch } from 'vue';
import { type Answer, classify } from './classify.js';
import { type BackendKey, backends, type LoadedModel, loadModel, openSession } from './loadedModel.js';

/**
 * The page's state and what can be done with it. Of several loads, or several pictures, only the latest counts. A load
 * that fails leaves the model before it in place.
 */
export function usePlayground() {
  const model = shallowRef<LoadedModel>();
  const session = shallowRef<Session>();
  /** What is wanted; what runs lags behind, and stays when it does not start. */
  const backend = ref<BackendKey>('simd');
  let running: BackendKey = backend.value;
  /** A model is on its way. */
  const opening = ref(false);
  const progress = shallowRef<LoadProgress>();
  /** 8-bit pixels as the network sees them. */
  const pixels = shallowRef<Uint8Array>();
  const answer = shallowRef<Answer>();
  const profile = shallowRef<readonly ProfiledStep[]>([]);
  /** Read out when it changes. */
  const status = ref('');
  const problem = ref('');
  let [loads, runs] = [0, 0];

  async function openModel(name: string, source: Blob | string): Promise<void> {
    opening.value = true;
    const opened = await load(`Loading ${name}.`, `${name} cannot be used.`, async report => {
      const loaded = await loadModel(name, source, report);
      return { loaded, session: await openSession(loaded, running) };
    });
    if (opened) await adopt(opened.loaded, opened.session, `${name} is ready`);
  }

  watch(backend, async key => {
    const current = model.value;
    if (!current || key === running) return;
    const { name } = backends[key];
    const opened = await load(`Starting ${name}.`, `${name} does not start.`, async () => ({
      session: await openSession(current, key),
    }));
    if (!opened) return;
    running = key;
    await adopt(current, opened.session, `Now on ${name}`);
  });

  /** `what` stands in the message about the result. */
  async function show(picture: Uint8Array, what: string): Promise<void> {
    const current = session.value;
    if (!current) return;
    const run = ++runs;
    pixels.value = picture;
    problem.value = '';
    try {
      const found = await classify(current, picture);
      if (run !== runs) return;
      answer.value = found;
      profile.value = current.profile();
      const [best] = found.classes;
      status.value = `${what}: the network says ${best.name} (${percent(best.probability)}), in ${milliseconds(found.milliseconds)}.`;
    } catch (error) {
      if (run === runs && current === session.value) fail(`${what} cannot be classified.`, error);
    }
  }

  function clear(message: string): void {
    runs++;
    pixels.value = undefined;
    answer.value = undefined;
    status.value = message;
  }

  function fail(what: string, error: unknown): void {
    problem.value = `${what} ${sentence(error)}`;
    status.value = '';
  }

  /** undefined when it failed, or when a later load has taken its place. */
  async function load<T extends { session: Session }>(
    doing: string,
    failed: string,
    work: (report: (progress: LoadProgress) => void) => Promise<T>,
  ): Promise<T | undefined> {
    const turn = ++loads;
    problem.value = '';
    status.value = doing;
    try {
      const result = await work(arrived => {
        if (turn === loads) progress.value = arrived;
      });
      if (turn === loads) return result;
      result.session.dispose();
    } catch (error) {
      if (turn !== loads) return undefined;
      backend.value = running;
      fail(`${failed}${model.value ? ` ${model.value.name} stays loaded.` : ''}`, error);
    } finally {
      if (turn === loads) {
        progress.value = undefined;
        opening.value = false;
      }
    }
    return undefined;
  }

  async function adopt(loaded: LoadedModel, started: Session, message: string): Promise<void> {
    session.value?.dispose();
    const sameInput = session.value?.input.shape.join() === started.input.shape.join();
    session.value = started;
    model.value = loaded;
    profile.value = [];
    const picture = pixels.value;
    if (picture && sameInput) await show(picture, message);
    else clear(`${message}.`);
  }

  onUnmounted(() => {
    loads++;
    runs++;
    session.value?.dispose();
  });

  return {
    ...{ model, session, backend, opening, progress, pixels, answer, profile, status, problem },
    ...{ openModel, show, clear, fail },
  };
}

export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

export function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(1)} ms`;
}

/** An error's message with a capital letter and a full stop. */
function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${message.charAt(0).toUpperCase()}${message.slice(1).replace(/\.?$/, '.')}`;
}
