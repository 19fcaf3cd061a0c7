/**
 * The first module of every thread: keeps the compiled form of all others from one start to the next, as
 * the program's first module does for itself. A thread does not inherit that, and without it spends a third
 * of a second of a core on nothing but reading its sources, just when the node starts.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';

enableCompileCache();
await import('./thread-body.ts');
// Written at the end of a thread by itself, but a process that is killed has none.
flushCompileCache();
