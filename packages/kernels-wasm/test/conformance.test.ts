import { testBackend } from '@apb/backend-tests';
import { opNames } from '@apb/core';
import { createWasmBackend } from '../dist/index.js';

// All builds, forced one by one; vitest.config.ts switches on what Node 20 hides.
testBackend(createWasmBackend, { required: opNames, isas: ['relaxed-simd', 'simd128', 'scalar'] });
