/**
 * The LSM engine beside LevelDB (classic-level) and LMDB:
 *
 *     node bench/lsm/run.ts [--keys n] [--rounds n] [--no-write]
 *
 * Each engine runs in a process of its own, in alternating order; figures are medians. Keys have 16
 * bytes, values 100, half of which can be compressed. Writes docs/bench-lsm.md.
 *
 * Bounds: a run of an engine ends after ten minutes.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadText, machineFacts, median } from '../kv/machine.ts';
import { table } from '../kv/report.ts';
import { type EngineName, engineNames } from './engines.ts';
import type { CaseResult } from './work.ts';

const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    'no-write': { type: 'boolean', default: false },
  },
});
const keys = Number(options.keys);
const rounds = Number(options.rounds);
const RUN_MAX_MS = 600_000;
/** 16 bytes of key, 100 of value. */
const ENTRY_BYTES = 116;

const work = fileURLToPath(new URL('./work.ts', import.meta.url));
const before = loadText();
const results = new Map<EngineName, CaseResult[][]>(engineNames.map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const name of round % 2 === 0 ? engineNames : engineNames.toReversed()) {
    console.error(`round ${round + 1}: ${name}`);
    results.get(name)!.push(runOnce(name));
  }
}

function runOnce(name: EngineName): CaseResult[] {
  // Beside the sources: /tmp may be memory.
  const folder = mkdtempSync(join(process.cwd(), '.bench-lsm-'));
  try {
    const printed = execFileSync(process.execPath, [work, name, folder, String(keys)], {
      encoding: 'utf8',
      timeout: RUN_MAX_MS,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as CaseResult);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function of(name: EngineName, caseName: string, pick: (result: CaseResult) => number): number {
  const rows = results.get(name)!.map((run) => run.find((result) => result.name === caseName));
  return median(rows.filter((row) => row !== undefined).map(pick));
}

const perSecond = (result: CaseResult): number => result.operations / result.seconds;
const cpu = (result: CaseResult): number => result.cpuMicros / result.operations;
const [ours, level, lmdb] = engineNames as [EngineName, EngineName, EngineName];
const thousands = (value: number): string => `${(value / 1000).toFixed(value < 10_000 ? 2 : 0)}k`;

const cases = results
  .get(ours)![0]!
  .map(({ name }) => name)
  .filter((name) => name !== 'space' && name !== 'written while mixed');
const rows = cases.map((name) => [
  name,
  thousands(of(ours, name, perSecond)),
  thousands(of(level, name, perSecond)),
  thousands(of(lmdb, name, perSecond)),
  (of(ours, name, perSecond) / of(level, name, perSecond)).toFixed(2),
  (of(ours, name, cpu) / of(level, name, cpu)).toFixed(2),
  of(ours, name, ({ stallMs }) => stallMs).toFixed(1),
  of(level, name, ({ stallMs }) => stallMs).toFixed(1),
]);
const space = (name: EngineName): string => {
  const disk = of(name, 'space', ({ diskBytes }) => diskBytes ?? Number.NaN);
  return (disk / (keys * (1 - Math.exp(-1)) * ENTRY_BYTES)).toFixed(2);
};
const written = of(ours, 'space', ({ writtenBytes }) => writtenBytes ?? Number.NaN);
const [atRest, compacting] = cases.slice(-2) as [string, string];
const tail = (name: EngineName, caseName: string): string =>
  of(name, caseName, ({ p999Ms }) => p999Ms ?? Number.NaN).toFixed(3);
const writtenBehind = of(ours, 'written while mixed', ({ writtenBytes }) => writtenBytes ?? 0);

const text = `# The LSM engine beside LevelDB and LMDB

Written by \`node bench/lsm/run.ts\`. ${keys.toLocaleString('en')} puts of random keys out of as many, so 63 % of them are different; keys of 16 bytes, values of 100 bytes, half of which can be compressed. Caches of 64 MiB, write buffers of 32 MiB. Each engine in a process of its own, in alternating order, medians of ${rounds}. LevelDB is \`classic-level\`, which compresses its blocks; ours does not yet. Processor time is that of the whole process with its threads. A stall is the longest time between two turns of the event loop. Gets that need no disk are answered without a turn, so there it only says how long the load did not ask for one.

${machineFacts('')
  .map((fact) => `- ${fact.replace(/, $/, '')}`)
  .join('\n')}
- load averages ${before} before, ${loadText()} after

${table(['operations a second', 'Plinth', 'LevelDB', 'LMDB', 'x LevelDB', 'CPU x LevelDB', 'stall ms', 'LevelDB'], rows)}

| | Plinth | LevelDB | LMDB |
| --- | ---: | ---: | ---: |
| bytes on the disk / bytes of live data | ${space(ours)} | ${space(level)} | ${space(lmdb)} |
| bytes written / bytes put | ${(written / (keys * ENTRY_BYTES)).toFixed(2)} | | |
| mixed load at rest, p99.9 of an operation in a group of 100, ms | ${tail(ours, atRest)} | ${tail(level, atRest)} | ${tail(lmdb, atRest)} |
| mixed load while compacting, the same | ${tail(ours, compacting)} | ${tail(level, compacting)} | ${tail(lmdb, compacting)} |
| written by flushes and compactions under the latter, MiB | ${(writtenBehind / 2 ** 20).toFixed(0)} | | |
`;
console.log(text);
if (options['no-write'] !== true) {
  writeFileSync(fileURLToPath(new URL('../../docs/bench-lsm.md', import.meta.url)), text);
}
