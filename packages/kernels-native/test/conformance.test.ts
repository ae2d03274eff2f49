import { testBackend } from '@apb/backend-tests';
import { opNames } from '@apb/core';
import { createNativeBackend } from '../src/index.js';

// Every operation, on every instruction set of this machine, on 1, 2 and 3 threads.
testBackend(createNativeBackend, { required: opNames, threads: [2, 3] });
