/** ZSCAN. */

import { formatDouble } from '../../../core/wire/index.ts';
import type { Call } from '../../command/call.ts';
import { seventeenDigits } from '../../command/numbers.ts';
import { emptyScan, scanCursor, scanMatches, scanOptions } from '../../command/scan.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { Type } from '../../keyspace/index.ts';
import { scanMembers } from '../../values/zset/index.ts';
import { zsetFamily } from './common.ts';

function zscan(call: Call): void {
  const { db, reply } = call;
  const cursor = scanCursor(call, 2);
  const record = call.findTyped(1, Type.zset);
  // Redis answers for a missing key before it looks at the options.
  if (record === 0) {
    emptyScan(call);
    return;
  }
  const options = scanOptions(call, 3);
  const mark = reply.deferred();
  // Redis prints the scores of a large set in its own way here.
  const print = db.isLarge(record) ? seventeenDigits : formatDouble;
  let found = 0;
  const next = scanMembers(db, record, cursor, options.count, (buf, start, length, score) => {
    if (scanMatches(options, buf, start, length)) {
      reply.bulk(buf, start, start + length);
      reply.bulkText(print(score));
      found += 2;
    }
    return true;
  });
  reply.endScan(mark, next, found);
}

export const scanCommands: readonly CommandSpec[] = [
  {
    ...zsetFamily,
    name: 'zscan',
    arity: -3,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    since: '2.8.0',
    complexity: 'O(1) for every call, O(N) for a whole scan of N members',
    summary: 'Walks over the members of a sorted set in steps.',
    syntax: 'key cursor [MATCH pattern] [COUNT count]',
    tips: ['nondeterministic_output'],
    run: zscan,
  },
];
