/** HSCAN. */
import type { Call } from '../../command/call.ts';
import { emptyScan, scanCursor, scanMatches, scanOptions } from '../../command/scan.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { Type } from '../../keyspace/index.ts';
import { scanFields } from '../../values/hash/index.ts';
import { fieldTime } from './shared.ts';

function hscan(call: Call): void {
  const { db, reply } = call;
  const cursor = scanCursor(call, 2);
  const record = call.findTyped(1, Type.hash);
  // Redis answers for a missing key before it looks at the options.
  if (record === 0) {
    emptyScan(call);
    return;
  }
  const options = scanOptions(call, 3);
  const { count, noValues } = options;
  const mark = reply.deferred();
  let found = 0;
  const next = scanFields(db, record, fieldTime(call), { cursor, count }, (field) => {
    const { buf, fieldStart, fieldLength, start, length } = field;
    if (!scanMatches(options, buf, fieldStart, fieldLength)) return true;
    reply.bulk(buf, fieldStart, fieldStart + fieldLength);
    found++;
    if (noValues) return true;
    reply.bulk(buf, start, start + length);
    found++;
    return true;
  });
  reply.endScan(mark, next, found);
}

export const scanCommands: readonly CommandSpec[] = [
  {
    name: 'hscan',
    arity: -3,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    acl: ['hash'],
    group: 'hash',
    since: '2.8.0',
    complexity: 'O(1) for every call, O(N) for a whole scan of N fields',
    summary: 'Walks over the fields of a hash in steps.',
    syntax: 'key cursor [MATCH pattern] [COUNT count] [NOVALUES]',
    tips: ['nondeterministic_output'],
    run: hscan,
  },
];
