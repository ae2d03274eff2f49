/** The loops of assembly/ceiling in base64; scripts/build.mjs writes dist/wasm/ceiling.js. */
declare const base64: string;
export default base64;
