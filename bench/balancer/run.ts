/**
 * The balancer beside nginx and HAProxy, by the targets of its specification:
 *
 *     node bench/balancer/run.ts [--only name,name] [--rounds n] [--seconds n] [--connections n] [--write]
 *                                [--profile folder] [--beside folder]
 *
 * Names: 1k 64k 10m l4 l4-bulk tls handshakes h2 h2-one (loads, see cases.ts), rates (all of them), idle,
 * policies. A full run takes about 10 minutes. --write writes docs/bench-balancer.md, section by section; the
 * section of loads is written when all of them were measured. --connections: how many are idle.
 * --profile leaves a processor profile of each Plinth in the folder. --beside measures another source tree of
 * Plinth in the same rounds, to tell what a change is worth.
 *
 * Bounds: every load ends two minutes after its start, a server that does not start ends the run.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadText, machineFacts } from '../kv/machine.ts';
import { RATE_CASES } from './cases.ts';
import { type IdlePeer, type IdleRow, measureIdle, measureIdlePeers } from './idle.ts';
import { measureRate, type RateRow } from './rates.ts';
import {
  figuresTable,
  idleText,
  ratesText,
  type Section,
  targetsTable,
  writeSection,
} from './report.ts';

const { values: given } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '10000' },
    write: { type: 'boolean', default: false },
    profile: { type: 'string', default: '' },
    beside: { type: 'string', default: '' },
  },
});
const rounds = Number(given.rounds);
const seconds = Number(given.seconds);
const names = given.only.split(',').filter((name) => name !== '');
const known = [...RATE_CASES.map(({ name }) => name), 'rates', 'idle', 'policies'];
for (const name of names) {
  if (!known.includes(name)) throw new Error(`--only ${name}: known are ${known.join(' ')}`);
}

const asksFor = (name: string): boolean => names.length === 0 || names.includes(name);
const tell = (text: string): void => console.log(text);

const facts = machineFacts(`${versionOf('nginx', '-v')}, ${versionOf('haproxy', '-v')}`);
tell(facts.join('\n'));

const cases = RATE_CASES.filter(({ name }) => asksFor('rates') || asksFor(name));
if (cases.length > 0) {
  const before = loadText();
  const rows: RateRow[] = [];
  for (const which of cases) {
    const row = await measureRate(which, {
      ...{ rounds, seconds },
      ...{ beside: given.beside, profile: given.profile },
    });
    rows.push(row);
    tell(`\n${targetsTable([row])}\n\n${figuresTable([row])}`);
  }
  const how = `${rounds} rounds of ${seconds} s.`;
  section(
    'rates',
    'Loads',
    before,
    `${how} ${ratesText(rows)}`,
    cases.length === RATE_CASES.length,
  );
}
if (asksFor('idle')) {
  const before = loadText();
  const rows: IdleRow[] = [];
  const peers: IdlePeer[] = [];
  for (const kind of ['plain', 'tls'] as const) {
    rows.push(await measureIdle(kind, { connections: Number(given.connections), seconds }));
    peers.push(...(await measureIdlePeers(kind)));
  }
  section('idle', 'Idle connections', before, idleText(rows, peers), true);
}
if (asksFor('policies')) {
  const before = loadText();
  const script = join(import.meta.dirname, '../balancer-policies.ts');
  const figures = execFileSync(process.execPath, [script, '--ms', '30'], { encoding: 'utf8' });
  const text = `Nanoseconds for a choice among 3, 100 and 1,000 servers, alone (\`choose\`) and with its work counted (\`work\`); milliseconds to make the policy (\`build\`). The best of five runs of 30 ms.\n\n${figures}`;
  section('policies', 'Policies', before, text, true);
}

/** @param whole false: figures of a part, which are told and not written. */
function section(name: Section, title: string, before: string, body: string, whole: boolean): void {
  const lines = [
    ...facts,
    `${new Date().toISOString().slice(0, 10)}; load average ${before} before, ${loadText()} after`,
  ];
  const text = `## ${title}\n\n${lines.map((line) => `- ${line}`).join('\n')}\n\n${body}\n`;
  tell(`\n${text}`);
  if (given.write && whole) writeSection(name, text);
}

function versionOf(program: string, flag: string): string {
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' });
  const version = /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0];
  if (version === undefined) throw new Error(`${program} is not installed`);
  return `${program} ${version}`;
}
