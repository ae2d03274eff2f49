import { testBackend } from '@apb/backend-tests';
import { opNames } from '@apb/core';
import { createWasmBackend } from '../dist/index.js';

// Both builds, forced one by one: `scalar` always works, `simd128` on every engine that this project supports.
testBackend(createWasmBackend, { required: opNames, isas: ['simd128', 'scalar'] });
