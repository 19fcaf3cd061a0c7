/** ZSCAN. */

import { formatDouble } from '../../../core/wire/index.ts';
import type { Call } from '../../command/call.ts';
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

/** A double as C prints it with %.17g. */
export function seventeenDigits(n: number): string {
  if (!Number.isFinite(n)) return n > 0 ? 'inf' : '-inf';
  if (n === 0) return Object.is(n, -0) ? '-0' : '0';
  const [mantissa, power] = n.toExponential(16).split('e') as [string, string];
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 17) {
    const text = n.toFixed(Math.min(16 - exponent, 100));
    return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  }
  const sign = exponent < 0 ? '-' : '+';
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  return `${mantissa.replace(/\.?0+$/, '')}e${sign}${digits}`;
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
