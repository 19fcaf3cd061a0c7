/**
 * The cache beside nginx, Varnish and HAProxy, by the targets of its specification:
 *
 *     node bench/cache/run.ts [--only name,name] [--rounds n] [--seconds n] [--objects n] [--write] [--profile folder]
 *
 * Names: 1k 16k 256k tls h2 (hits, see cases.ts), hits (all of them), disk, memory, purge. A full run takes about ten
 * minutes. --write writes docs/bench-cache.md, section by section; the section of hits is written when all of them
 * were measured. --objects: how many are stored for purge, and four times as many for memory. --profile leaves a processor profile of
 * Plinth in the folder.
 *
 * Bounds: every load ends two minutes after its start, a server that does not start ends the run.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { measureRounds } from '../http/rounds.ts';
import { loadText, machineFacts } from '../kv/machine.ts';
import { startCaches } from './caches.ts';
import { HIT_CASES, type HitCase, load } from './cases.ts';
import { measureDisk } from './disk.ts';
import { measureMemory } from './memory.ts';
import { measurePurge } from './purge.ts';
import {
  diskText,
  figuresTable,
  type HitRow,
  hitsText,
  memoryText,
  purgeText,
  type Section,
  targetsTable,
  writeSection,
} from './report.ts';

const { values: given } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    objects: { type: 'string', default: '100000' },
    write: { type: 'boolean', default: false },
    profile: { type: 'string', default: '' },
  },
});
const rounds = Number(given.rounds);
const seconds = Number(given.seconds);
const objects = Number(given.objects);
const names = given.only.split(',').filter((name) => name !== '');
const known = [...HIT_CASES.map(({ name }) => name), 'hits', 'disk', 'memory', 'purge'];
for (const name of names) {
  if (!known.includes(name)) throw new Error(`--only ${name}: known are ${known.join(' ')}`);
}

const asksFor = (name: string): boolean => names.length === 0 || names.includes(name);
const tell = (text: string): void => console.log(text);

const facts = machineFacts(
  [versionOf('nginx', '-v'), versionOf('varnishd', '-V'), versionOf('haproxy', '-v')].join(', '),
);
tell(facts.join('\n'));

const cases = HIT_CASES.filter(({ name }) => asksFor('hits') || asksFor(name));
if (cases.length > 0) {
  const before = loadText();
  const rows: HitRow[] = [];
  for (const which of cases) {
    const row = await measureHits(which);
    rows.push(row);
    tell(`\n${targetsTable([row])}\n\n${figuresTable([row])}`);
  }
  const how = `${rounds} rounds of ${seconds} s.`;
  const whole = cases.length === HIT_CASES.length;
  section('hits', 'Hits', before, `${how} ${hitsText(rows)}`, whole);
}
if (asksFor('disk')) {
  const before = loadText();
  section('disk', 'Hits from the disk', before, diskText(await measureDisk(rounds)), true);
}
if (asksFor('memory')) {
  const before = loadText();
  const rows = await measureMemory(objects * 4);
  section('memory', 'Memory', before, memoryText(rows), true);
}
if (asksFor('purge')) {
  const before = loadText();
  section('purge', 'Purge by a tag', before, purgeText(await measurePurge(objects)), true);
}

async function measureHits(which: HitCase): Promise<HitRow> {
  const { door, body } = which;
  const bed = await startCaches({ door, large: body === 'many', profile: given.profile });
  try {
    for (const { port } of bed.caches) await load(which)(port, 1);
    // An answer that is no hit fails the load from here on.
    await bed.endOrigin();
    return { which, samples: await measureRounds(bed.caches, load(which), { rounds, seconds }) };
  } finally {
    await bed.stop();
  }
}

/** @param whole false: figures of a part, which are told and not written. */
function section(name: Section, title: string, before: string, body: string, whole: boolean): void {
  const lines = [
    ...facts,
    `${new Date().toISOString().slice(0, 10)}; load average ${before} before, ${loadText()} after`,
  ];
  const text = `## ${title}\n\n${lines.map((each) => `- ${each}`).join('\n')}\n\n${body}\n`;
  tell(`\n${text}`);
  if (given.write && whole) writeSection(name, text);
}

function versionOf(program: string, flag: string): string {
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' });
  const version = /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0];
  if (version === undefined) throw new Error(`${program} is not installed`);
  return `${program} ${version}`;
}
