/** The relaxed-simd build of assembly/ in base64; scripts/build.mjs writes dist/wasm/relaxed-simd.js. */
declare const base64: string;
export default base64;
