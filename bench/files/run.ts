/**
 * The file system beside Debian's radosgw and the raw disk, by the targets of its specification:
 *
 *     node bench/files/run.ts [--only name,name] [--rounds n] [--seconds n] [--mib n] [--files n] [--write] [--profile folder]
 *
 * Names: large, small, operations, many. A full run takes about a quarter of an hour on a machine at rest, `many` the
 * longest part of it. --mib: size of the large object. --files: how many `many` makes. --write writes
 * docs/bench-files.md, section by section. --profile leaves processor profiles of Plinth's processes in the folder.
 *
 * radosgw is left out, and it is said so, where it is not installed: apt-get install radosgw ceph-mon ceph-osd.
 *
 * Bounds: an answer that does not come within two minutes, a server that does not start, or forty minutes end the run.
 * All processes end with it, and their folders go.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { freePort } from '../../tests/support/process.ts';
import { loadText, machineFacts } from '../kv/machine.ts';
import { MEBIBYTE } from './bytes.ts';
import { hasCeph, startCeph } from './ceph.ts';
import { benchFolder } from './folders.ts';
import { LARGE_PATH, measureLarge } from './large.ts';
import { measureMany } from './many.ts';
import { startNginx } from './nginx.ts';
import { measureCalls, measureDoor } from './operations.ts';
import { startPlinth } from './plinth.ts';
import {
  largeText,
  manyText,
  operationsText,
  SECTIONS,
  type Section,
  smallText,
  writeSection,
} from './report.ts';
import type { ServerGroup } from './servers.ts';
import { CONCURRENCIES, measureSmall, syncFloor } from './small.ts';

const { values: given } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    mib: { type: 'string', default: '512' },
    files: { type: 'string', default: '1000000' },
    write: { type: 'boolean', default: false },
    profile: { type: 'string', default: '' },
  },
});
const { profile } = given;
const rounds = Number(given.rounds);
const seconds = Number(given.seconds);
const names = given.only.split(',').filter((name) => name !== '');
for (const name of names) {
  const isKnown = (SECTIONS as readonly string[]).includes(name);
  if (!isKnown) throw new Error(`--only ${name}: known are ${SECTIONS.join(' ')}`);
}

const TITLES: Readonly<Record<Section, string>> = {
  large: 'Large objects',
  small: 'Objects of 1 KiB',
  operations: 'Operations on names',
  many: 'Many files',
};
const PLINTH = 'Plinth, replication 1';
const RADOSGW = 'radosgw';
const RUN_MS_MAX = 40 * 60_000;
const NGINX = 'nginx, sendfile';
const isThere = hasCeph();
const version = `${isThere ? versionOf('radosgw', /ceph version (\S+)/) : 'no radosgw'}, ${versionOf('nginx', /nginx\/(\S+)/)}`;
const facts = machineFacts(version);
const scratch = benchFolder();
setTimeout(() => {
  console.error(`given up after ${RUN_MS_MAX / 60_000} minutes`);
  process.exit(1);
}, RUN_MS_MAX).unref();
const work: Readonly<Record<Section, () => Promise<string>>> = { large, small, operations, many };
try {
  console.log(facts.join('\n'));
  for (const name of SECTIONS) {
    if (names.length > 0 && !names.includes(name)) continue;
    const before = loadText();
    section(name, before, await work[name]());
  }
} finally {
  scratch.remove();
}

async function large(): Promise<string> {
  const bytes = Number(given.mib) * MEBIBYTE;
  const text = await withServers(
    [
      () => startPlinth(PLINTH, { profile }),
      () => startPlinth('Plinth, 3 DataNodes, replication 1', { dataNodes: 3, profile }),
      () =>
        startPlinth('Plinth, 3 DataNodes, replication 3', {
          ...{ dataNodes: 3, replication: 3, profile },
        }),
      ...radosgw(),
    ],
    async (servers) => {
      const nginx = () => startNginx(NGINX, LARGE_PATH, bytes);
      const options = { bytes, rounds, scratch: scratch.path };
      return await withServers([nginx], async (senders) =>
        largeText(await measureLarge(servers, senders, options), bytes),
      );
    },
  );
  return `${rounds} rounds. ${text}`;
}

async function small(): Promise<string> {
  const floors = new Map<number, number[]>([1, ...CONCURRENCIES.slice(1)].map((n) => [n, []]));
  const text = await withServers(
    [() => startPlinth(PLINTH, { profile }), ...radosgw()],
    async (servers) => {
      for (let round = 0; round < rounds; round++) {
        for (const [group, rates] of floors) rates.push(syncFloor(scratch.path, group, 1));
      }
      return smallText(await measureSmall(servers, { seconds, rounds }), floors);
    },
  );
  return `${rounds} rounds of ${seconds} s. ${text}`;
}

async function operations(): Promise<string> {
  const calls = await measureCalls({ rounds, count: 20_000 });
  const port = await freePort();
  const text = await withServers(
    [() => startPlinth(PLINTH, { webHdfsPort: port, profile })],
    async (servers) =>
      operationsText(calls, await measureDoor(servers[0]!, port, { rounds, count: 10_000 })),
  );
  return `${rounds} rounds, 20,000 of each by calls and 10,000 by WebHDFS. ${text}`;
}

async function many(): Promise<string> {
  const files = Number(given.files);
  const texts: string[] = [];
  // One after the other: two processes with a million files each would share the disk's cache.
  for (const [name, dataNodes] of [
    ['One process', 0],
    ['NameNode of 3 DataNodes', 3],
  ] as const) {
    const webHdfsPort = await freePort();
    const start = () => startPlinth(name, { dataNodes, webHdfsPort, profile });
    const text = await withServers([start], async ([server]) => {
      const options = { files, overwrites: Math.min(files, 50_000) };
      return manyText(name, await measureMany(server!, webHdfsPort, options));
    });
    texts.push(text);
  }
  return texts.join('\n\n');
}

function radosgw(): (() => Promise<ServerGroup>)[] {
  return isThere ? [() => startCeph(RADOSGW)] : [];
}

async function withServers(
  starts: readonly (() => Promise<ServerGroup>)[],
  measure: (servers: readonly ServerGroup[]) => Promise<string>,
): Promise<string> {
  const servers: ServerGroup[] = [];
  try {
    for (const start of starts) servers.push(await start());
    return await measure(servers);
  } finally {
    for (const server of servers) await server.stop();
  }
}

function section(name: Section, before: string, body: string): void {
  const lines = [
    ...facts,
    `${new Date().toISOString().slice(0, 10)}; load average ${before} before, ${loadText()} after`,
    `\`npm run bench:files -- --only ${name}\``,
  ];
  const text = `## ${TITLES[name]}\n\n${lines.map((each) => `- ${each}`).join('\n')}\n\n${body}\n`;
  console.log(`\n${text}`);
  if (given.write) writeSection(name, text);
}

function versionOf(program: string, pattern: RegExp): string {
  const flag = program === 'nginx' ? '-v' : '--version';
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' });
  const version = pattern.exec(stdout + stderr)?.[1];
  if (version === undefined) throw new Error(`${program} is not installed`);
  return `${program} ${version}`;
}
