#!/usr/bin/env node
/**
 * The program's first file. It has the compiled form of all others kept from one start to the next (in the
 * system's temporary folder, or where NODE_COMPILE_CACHE says): a start then takes a third of the time.
 */
import { enableCompileCache } from 'node:module';

enableCompileCache();
await import('./process.ts');
