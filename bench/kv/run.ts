/**
 * The key-value store beside Debian's redis-server:
 *
 *     node bench/kv/run.ts [--quick] [--only name,name] [--rounds n] [--seconds n] [--no-write]
 *
 * Names are sections (none, everysec, always, memory, start) or commands (get, set, ...). A full run
 * takes about 45 minutes and writes docs/bench-kv.md, section by section, and the table of the README.
 * With --quick or with single commands the figures are printed and nothing is written.
 *
 * Bounds: every load ends after two minutes, every start after three; at most one server with many
 * keys is up at a time.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { type BenchCommand, COMMANDS } from './commands.ts';
import { loadText, machineFacts } from './machine.ts';
import { measureMemory } from './memory.ts';
import type { Durability } from './peers.ts';
import { measureRates, type RateCase, type RateRow } from './rates.ts';
import {
  memoryTable,
  ratesTable,
  shortTable,
  startTable,
  writePart,
  writeReadme,
} from './report.ts';
import { measureStarts } from './starts.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
  },
});

const VALUE_BYTES = 100;
const BIG_VALUE_BYTES = 10 * 1024;
const SECTIONS: readonly string[] = ['none', 'everysec', 'always', 'memory', 'start'];
const DURABILITIES: readonly { name: Durability; title: string }[] = [
  { name: 'none', title: 'Without persistence' },
  { name: 'everysec', title: 'Log made durable every second' },
  { name: 'always', title: 'Log made durable before each reply' },
];

const wanted = options.only
  .toLowerCase()
  .split(',')
  .filter((name) => name !== '');
const sections = wanted.filter((name) => SECTIONS.includes(name));
const commandNames = wanted.filter((name) => !SECTIONS.includes(name));
const writes = !options.quick && !options['no-write'] && commandNames.length === 0;
const rateOptions = {
  rounds: Number(options.rounds ?? (options.quick ? 3 : 5)),
  roundMs: Number(options.seconds ?? (options.quick ? 0.5 : 2)) * 1000,
};
/** Quick runs use a tenth of the keys. */
const scale = options.quick ? 0.1 : 1;

function asksFor(section: string): boolean {
  if (sections.includes(section)) return true;
  if (sections.length > 0) return false;
  return wanted.length === 0 || section === 'none';
}

function commandAsked(command: BenchCommand): boolean {
  const name = command.name.split(' ')[0]!.toLowerCase();
  return commandNames.length === 0 || commandNames.includes(name);
}

function casesOf(durability: Durability): RateCase[] {
  const commands = COMMANDS.filter(commandAsked).filter(
    // What only reads is the same whatever the log does; one read shows whether it is.
    ({ name, writes: changes }) => durability === 'none' || changes || name === 'GET',
  );
  const cases: RateCase[] = [];
  for (const pipeline of [1, 16]) {
    for (const command of commands) cases.push({ command, pipeline, valueBytes: VALUE_BYTES });
  }
  for (const command of commands) {
    if (command.big === true) cases.push({ command, pipeline: 16, valueBytes: BIG_VALUE_BYTES });
  }
  return cases;
}

const redisVersion = execFileSync('redis-server', ['--version'], { encoding: 'utf8' })
  .replace(/ sha=.*/s, '')
  .trim();
const tell = (text: string): void => console.log(text);

/** Says where and when, as the text above a table. */
function facts(loadBefore: string): string {
  const lines = [
    ...machineFacts(redisVersion),
    `${new Date().toISOString().slice(0, 10)}; load average ${loadBefore} before, ${loadText()} after`,
  ];
  return lines.map((line) => `- ${line}`).join('\n');
}

async function section(name: string, title: string, measure: () => Promise<string>) {
  const before = loadText();
  tell(`\n${title}; load average ${before}`);
  const body = await measure();
  const text = `## ${title}\n\n${facts(before)}\n\n${body}\n`;
  tell(`\n${text}`);
  if (writes) writePart(name, text);
}

tell([...machineFacts(redisVersion)].join('\n'));
let strings: RateRow[] = [];
for (const { name, title } of DURABILITIES) {
  if (!asksFor(name)) continue;
  await section(name, title, async () => {
    const rows = await measureRates(name, casesOf(name), rateOptions, tell);
    if (name === 'none') strings = rows;
    return ratesTable(rows);
  });
}
if (asksFor('memory')) {
  await section('memory', 'Memory', async () => memoryTable(await measureMemory(scale, tell)));
}
if (asksFor('start')) {
  await section('start', 'Start-up', async () =>
    startTable(await measureStarts(scale, options.quick ? 1 : 3, tell)),
  );
}
if (writes && strings.length > 0) {
  const short = `${shortTable(strings)}\n\nAll figures, also latency, durability, memory and start-up: [docs/bench-kv.md](docs/bench-kv.md).`;
  if (!writeReadme(short)) tell('README.md has no markers <!-- bench:kv --> <!-- /bench:kv -->.');
}
