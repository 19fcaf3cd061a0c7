/** Every script in `cases/` prints what the reference implementation printed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { printed, REDIS_TOPICS, readCases, topics } from './cases.ts';

for (const topic of topics()) {
  const chunkName = REDIS_TOPICS.includes(topic) ? 'user_script' : 'stdin';
  describe(`Lua cases: ${topic}`, () => {
    for (const { name, script, prints } of readCases(topic)) {
      it(name, () => assert.equal(printed(script, chunkName), prints));
    }
  });
}
