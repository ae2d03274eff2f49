/** The worker that createWorkerSession starts unless it is given another. */
import { serveSession } from './serve.js';

serveSession();
