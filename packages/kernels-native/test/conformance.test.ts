import { testBackend } from '@apb/backend-tests';
import { opNames } from '@apb/core';
import { createNativeBackend } from '../src/index.js';

// Every operation, on every instruction set of this machine.
testBackend(createNativeBackend, { required: opNames });
