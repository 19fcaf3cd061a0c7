/** A reporter for Node's test runner that writes only the skipped tests, one as JSON a line. */
import type { TestEvent } from 'node:test/reporters';

export default async function* skips(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || !data.skip) continue;
    const reason = typeof data.skip === 'string' ? data.skip : 'no reason given';
    yield `${JSON.stringify({ name: data.name, reason })}\n`;
  }
}
