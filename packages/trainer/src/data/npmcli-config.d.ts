// The parts of npm's configuration reader that we use; the package ships no types.
declare module '@npmcli/config' {
  interface Options {
    definitions: unknown;
    flatten: unknown;
    nerfDarts: unknown;
    shorthands: unknown;
    npmPath: string;
    argv?: string[];
    env?: NodeJS.ProcessEnv;
    warn?: boolean;
  }
  export default class Config {
    constructor(options: Options);
    load(): Promise<void>;
    readonly flat: Record<string, unknown>;
  }
}

declare module '@npmcli/config/lib/definitions/index.js' {
  const npm: { definitions: unknown; flatten: unknown; nerfDarts: unknown; shorthands: unknown };
  export default npm;
}
