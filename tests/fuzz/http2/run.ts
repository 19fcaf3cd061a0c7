/**
 * The fuzzer of HTTP/2 by hand. Prints each finding with its seed, and which problems were met.
 *
 *     node tests/fuzz/http2/run.ts --seed 1 --sessions 100000
 */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    sessions: { type: 'string', default: '20000' },
    /** Share of the sessions that nghttp2 is asked about. */
    oracle: { type: 'string', default: '0.05' },
  },
});
const { sessions, asked, problems, findings } = await fuzz({
  seed: Number(values.seed),
  sessions: Number(values.sessions),
  oracleShare: Number(values.oracle),
  onProgress: (done) => {
    if (done % 10_000 === 0) console.error(`${done} sessions`);
  },
});
for (const finding of findings) console.log(`${finding}\n`);
for (const [problem, count] of [...problems].toSorted((a, b) => b[1] - a[1])) {
  console.log(`${String(count).padStart(8)} ${problem}`);
}
console.log(`${sessions} sessions, nghttp2 asked about ${asked}, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
