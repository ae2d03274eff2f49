/** The TensorFlow.js backends training can run on, fastest first. */
export const engineNames = ['tensorflow', 'wasm', 'cpu'] as const;
export type EngineName = (typeof engineNames)[number];

/** Whether an engine can run here, and why or why not, in one sentence. */
export interface EngineReport {
  readonly name: EngineName;
  readonly usable: boolean;
  readonly reason: string;
}

/** The engine TensorFlow.js now runs on, and why it was taken. */
export interface SelectedEngine {
  readonly name: EngineName;
  readonly reason: string;
}

export function isEngineName(name: string): name is EngineName {
  return (engineNames as readonly string[]).includes(name);
}

export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n', 1)[0];
}
