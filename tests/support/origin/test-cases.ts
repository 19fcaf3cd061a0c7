/** A suite of cases: one cache and one origin for all of them, and each a test. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CacheServer, startCache } from './cache-servers.ts';
import { caseTitle } from './case-title.ts';
import type { Case } from './cases.ts';
import type { ask } from './raw-client.ts';
import { runCase } from './run-case.ts';
import { ScriptedOrigin } from './scripted-origin.ts';

const AT_ONCE = 16;

/** @param asks how: by HTTP/1.1 if nothing is said. */
export function testCases(title: string, cases: readonly Case[], asks?: typeof ask): void {
  describe(title, { concurrency: AT_ONCE }, () => {
    let origin: ScriptedOrigin;
    let cache: CacheServer;
    before(async () => {
      origin = await ScriptedOrigin.listen();
      cache = await startCache(origin.port);
    });
    after(async () => {
      await cache?.stop();
      origin?.close();
    });
    for (const each of cases) {
      test(caseTitle(each), async () => {
        assert.deepEqual(await runCase(each, cache, origin, asks), []);
      });
    }
  });
}
