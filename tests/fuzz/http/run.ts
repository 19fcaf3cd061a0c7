/**
 * The long form of the HTTP fuzzer.
 *
 *     node tests/fuzz/http/run.ts [--seed 1] [--messages 1000000]
 *
 * Ends with 1 when Plinth and llhttp differ in a way that is not explained. A finding's seed with
 * `--messages 1` replays it.
 */
import { parseArgs } from 'node:util';
import { describeFinding, fuzz, type Tally } from './differential.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    messages: { type: 'string', default: '1000000' },
  },
});

const { tally, findings } = fuzz({
  seed: Number(values.seed),
  messages: Number(values.messages),
  onProgress: report,
});
for (const finding of findings) console.log(`${describeFinding(finding)}\n`);
report(tally);
for (const [title, map] of [
  ['Verdicts', tally.verdicts],
  ['Our ends', tally.problems],
] as const) {
  console.log(title);
  for (const [key, times] of [...map].toSorted((a, b) => b[1] - a[1]))
    console.log(`  ${times} ${key}`);
}
process.exitCode = findings.length === 0 ? 0 : 1;

function report({ messages, streams, accepted }: Tally): void {
  console.log(`${messages} messages in ${streams} streams, ${accepted} accepted whole`);
}
