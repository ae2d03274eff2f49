/** The scalar build of assembly/ in base64; scripts/build.mjs writes dist/wasm/scalar.js. */
declare const base64: string;
export default base64;
