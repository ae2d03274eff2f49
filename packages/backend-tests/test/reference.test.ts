import { createReferenceBackend, opNames } from '@apb/core';
import { testBackend } from '../src/index.js';

testBackend(createReferenceBackend, { required: opNames });
