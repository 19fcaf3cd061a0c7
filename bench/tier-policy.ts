/**
 * What share of accesses finds its key in memory under one policy or another, played without a server:
 *
 *     npm run bench:tier-policy -- [--keys n] [--accesses n] [--memory 0.01,0.1,0.3] [--only text]
 *                                  [--traces text]
 *
 * All keys are of one size. The first third of each trace only fills memory. --only and --traces take the
 * policies and traces whose names contain one of these texts, comma between. Defaults take about five
 * minutes of one core.
 */
import { parseArgs } from 'node:util';
import { futureShare, popularShare } from './tier-policy/bounds.ts';
import { POLICIES } from './tier-policy/policies.ts';
import type { MakePolicy } from './tier-policy/policy.ts';
import { type Trace, traces } from './tier-policy/traces.ts';

const { values: given } = parseArgs({
  options: {
    keys: { type: 'string', default: '200000' },
    accesses: { type: 'string', default: '3000000' },
    memory: { type: 'string', default: '0.01,0.1,0.3' },
    only: { type: 'string', default: '' },
    traces: { type: 'string', default: '' },
  },
});
const keys = Number(given.keys);
const count = Number(given.accesses);
const shares = given.memory.split(',').map(Number);
const wanted = (texts: string, name: string): boolean =>
  texts.split(',').some((text) => name.includes(text));

const table = new Map<string, number[]>();
const names: string[] = [];
const spent = new Map<string, number>();
for (const trace of traces(keys, count)) {
  if (!wanted(given.traces, trace.name)) continue;
  for (const share of shares) {
    names.push(`${trace.name}: ${share * 100} %`);
    const capacity = Math.round(keys * share);
    const from = Math.floor(count / 3);
    for (const [name, make] of POLICIES) {
      if (!wanted(given.only, name)) continue;
      const began = performance.now();
      note(name, play(trace, make, capacity, from));
      spent.set(name, (spent.get(name) ?? 0) + performance.now() - began);
    }
    note('popularity known', popularShare(trace, capacity, from));
    note('future known', futureShare(trace, capacity, from));
  }
  console.error(trace.name);
}
const width = Math.max(...[...table.keys()].map((name) => name.length));
console.log(`| ${'% found in memory'.padEnd(width)} | ${names.join(' | ')} | mean |`);
console.log(`| --- |${' ---: |'.repeat(names.length + 1)}`);
for (const [name, found] of table) {
  const mean = found.reduce((sum, share) => sum + share, 0) / found.length;
  const cells = [...found, mean].map((share) => (share * 100).toFixed(1).padStart(5));
  console.log(`| ${name.padEnd(width)} | ${cells.join(' | ')} |`);
}

function note(name: string, share: number): void {
  const row = table.get(name) ?? [];
  row.push(share);
  table.set(name, row);
}

function play(trace: Trace, make: MakePolicy, capacity: number, from: number): number {
  const policy = make({ keys, capacity });
  const { accesses, stepMs } = trace;
  let hits = 0;
  for (let i = 0; i < accesses.length; i++) {
    const hit = policy.access(accesses[i] as number, i * stepMs);
    if (hit && i >= from) hits++;
  }
  return hits / (accesses.length - from);
}
