/**
 * The edge by the targets of its specification:
 *
 *     node bench/edge/run.ts [--only name,name] [--rounds n] [--seconds n] [--write] [--profile folder]
 *
 * Names: hit purge flood offload dns. A full run takes about eight minutes. --write writes docs/bench-edge.md, section by
 * section. --profile leaves processor profiles of the caches and PoPs of `hit` in the folder.
 *
 * Bounds: every load has an end, a server that does not start ends the run, and everything that was started is ended
 * with it.
 */
import { parseArgs } from 'node:util';
import { loadText, machineFacts } from '../kv/machine.ts';
import { measureDns } from './dns.ts';
import { measureFlood } from './flood.ts';
import { measureHits } from './hit.ts';
import { measureOffload } from './offload.ts';
import { measurePurge } from './purge.ts';
import {
  dnsText,
  floodText,
  hitsText,
  offloadText,
  purgeText,
  SECTIONS,
  type Section,
  titles,
  writeSection,
} from './report.ts';

const { values: given } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
    profile: { type: 'string', default: '' },
  },
});
const rounds = Number(given.rounds);
const seconds = Number(given.seconds);
const names = given.only.split(',').filter((name) => name !== '');
for (const name of names) {
  if (!SECTIONS.some((each) => each === name)) {
    throw new Error(`--only ${name}: known are ${SECTIONS.join(' ')}`);
  }
}

const measures: Readonly<Record<Section, () => Promise<string>>> = {
  hit: async () => {
    const samples = await measureHits({ rounds, seconds, profile: given.profile });
    return `${rounds} rounds of ${seconds} s. ${hitsText(samples)}`;
  },
  purge: async () => purgeText(await measurePurge()),
  flood: async () => floodText(await measureFlood(Math.min(rounds, 2))),
  offload: async () => offloadText(await measureOffload()),
  dns: async () => dnsText(await measureDns(Math.min(rounds, 3), Math.min(seconds, 2))),
};

const facts = machineFacts('wrk and nginx of Debian');
console.log(facts.join('\n'));
for (const name of SECTIONS) {
  if (names.length > 0 && !names.includes(name)) continue;
  const before = loadText();
  const body = await measures[name]();
  const lines = [
    ...facts,
    `${new Date().toISOString().slice(0, 10)}; load average ${before} before, ${loadText()} after`,
  ];
  const text = `## ${titles[name]}\n\n${lines.map((each) => `- ${each}`).join('\n')}\n\n${body}\n`;
  console.log(`\n${text}`);
  if (given.write) writeSection(name, text);
}
