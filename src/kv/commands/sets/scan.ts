/** SSCAN. */
import type { Call } from '../../command/call.ts';
import { emptyScan, scanCursor, scanMatches, scanOptions } from '../../command/scan.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { Type } from '../../keyspace/index.ts';
import { scanMembers } from '../../values/set/index.ts';

function sscan(call: Call): void {
  const { db, reply } = call;
  const cursor = scanCursor(call, 2);
  const record = call.findTyped(1, Type.set);
  // Redis answers for a missing key before it looks at the options.
  if (record === 0) {
    emptyScan(call);
    return;
  }
  const options = scanOptions(call, 3);
  const mark = reply.deferred();
  let found = 0;
  const next = scanMembers(db, record, cursor, options.count, (buf, start, length) => {
    if (scanMatches(options, buf, start, length)) {
      reply.bulk(buf, start, start + length);
      found++;
    }
    return true;
  });
  reply.endScan(mark, next, found);
}

export const scanCommands: readonly CommandSpec[] = [
  {
    name: 'sscan',
    arity: -3,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    acl: ['set'],
    group: 'set',
    since: '2.8.0',
    complexity: 'O(1) for every call, O(N) for a whole scan of N members',
    summary: 'Walks over the members of a set in steps.',
    syntax: 'key cursor [MATCH pattern] [COUNT count]',
    tips: ['nondeterministic_output'],
    run: sscan,
  },
];
