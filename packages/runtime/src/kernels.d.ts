// The kernel packages are optional at build time too: what candidates.ts looks for in them, checked when loaded.
declare module '@apb/kernels-native' {
  export const createNativeBackend: unknown;
}
declare module '@apb/kernels-wasm' {
  export const createWasmBackend: unknown;
}
