/** The simd128 build of assembly/ in base64; scripts/build.mjs writes dist/wasm/simd128.js. */
declare const base64: string;
export default base64;
