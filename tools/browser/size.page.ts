import { createSession } from '@apb/runtime';

Object.assign(globalThis, { createSession });
