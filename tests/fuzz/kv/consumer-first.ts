/** Consumers of streams, made so that both servers have them. */
import type { Step } from './round.ts';

/**
 * The steps that make the consumers of a command. Since 7.2 XREADGROUP, XCLAIM and XAUTOCLAIM make
 * theirs also when they give nothing; made beforehand it is there in 7.0, the reference, as well.
 */
export function consumerFirst(connection: 0 | 1, args: readonly string[]): Step[] {
  const words = args.map((arg) => arg.toUpperCase());
  const make = (key?: string, group?: string, consumer?: string): Step[] =>
    key === undefined || group === undefined || consumer === undefined
      ? []
      : [{ connection, args: ['XGROUP', 'CREATECONSUMER', key, group, consumer], leads: true }];
  if (words[0] === 'XCLAIM' || words[0] === 'XAUTOCLAIM') return make(args[1], args[2], args[3]);
  if (words[0] !== 'XREADGROUP' || words[1] !== 'GROUP') return [];
  const streams = args.slice(words.indexOf('STREAMS') + 1);
  const keys = streams.slice(0, Math.floor(streams.length / 2));
  return keys.flatMap((key) => make(key, args[2], args[3]));
}
