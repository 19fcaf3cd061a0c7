/**
 * `npm test`: every check that a change must pass, in the order from quick to slow.
 *
 *   --only <part of a path>   only the test files whose path contains it, without the checks before
 *   --soak                    also the tests of tests/soak, which take long
 *
 * Promises: it ends with a code that is not 0 when anything failed; skipped tests are listed with the peer
 * they miss, and in CI (CI=true) fail; the closing lines of the test runner come last; no process that a
 * test started is left behind.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runTests } from './test-runner.ts';

const { values } = parseArgs({
  options: { only: { type: 'string' }, soak: { type: 'boolean', default: false } },
});

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const steps: readonly Step[] = [
  { name: 'Peers', command: ['bash', 'tools/setup-debian.sh'] },
  { name: 'Types', command: ['tsc', '--noEmit'] },
  { name: 'Format and lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
];

const failed: string[] = [];
if (values.only === undefined) {
  for (const { name, command } of steps) {
    heading(name);
    const [program, ...args] = command;
    const { status } = spawnSync(program as string, args, { stdio: 'inherit' });
    if (status !== 0) failed.push(name);
  }
}

heading('Tests');
const files = testFiles(values.soak, values.only ?? '');
if (files.length === 0) {
  console.error(`No test file has ${JSON.stringify(values.only)} in its path.`);
  process.exit(1);
}
const result = await runTests(files, { soak: values.soak });
if (!result.passed) failed.push('Tests');

if (result.skipped.length > 0) {
  heading(`Skipped: ${result.skipped.length}`);
  for (const { name, reason } of result.skipped) console.log(`  ${name}: ${reason}`);
  if (process.env.CI === 'true') {
    console.log('In CI every peer must be there, so a skipped test is a failure.');
    failed.push('Skipped tests');
  }
}
if (result.left.length > 0) {
  heading(`Left behind: ${result.left.length} processes, now ended`);
  for (const process of result.left) console.log(`  ${process}`);
  failed.push('Processes left behind');
}
heading(failed.length === 0 ? 'Everything passed' : `Failed: ${failed.join(', ')}`);
for (const line of result.closing) console.log(line);
process.exit(failed.length === 0 ? 0 : 1);

function heading(text: string): void {
  console.log(`\n== ${text}`);
}

/** Unit tests first, then those of tests/, each in the order of their paths. */
function testFiles(soak: boolean, part: string): string[] {
  const all = [
    ...globSync('src/**/*.test.ts').toSorted(),
    ...globSync('tests/**/*.test.ts').toSorted(),
  ];
  return all.filter((path) => (soak || !path.startsWith('tests/soak/')) && path.includes(part));
}
