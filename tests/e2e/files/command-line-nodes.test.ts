/** `plinth files status` and `fsck` at a NameNode with four DataNodes, each a process. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type {
  DataNodeStatusBody,
  FilesStatus,
  FsckLine,
  FsckProblem,
} from '../../../src/files/index.ts';
import { FilesCluster } from '../../fault/files/cluster.ts';
import { type Ran, runHere } from '../../support/files/files-process.ts';
import { content } from './s3-client-bed.ts';

let cluster: FilesCluster;
before(async () => {
  cluster = await FilesCluster.start(['a', 'a', 'b', 'b']);
});
after(() => cluster?.stop());

function files(command: string, ...args: readonly string[]): Promise<Ran> {
  const { address, tokenFile } = cluster.admin;
  const token = command === 'fsck' || command === 'forget' ? ['--token-file', tokenFile] : [];
  return runHere(['files', command, ...args, '--admin', address, ...token]);
}

async function fsck(): Promise<{ code: number | string; problems: FsckProblem[]; out: string }> {
  const { code, out, err } = await files('fsck', '--json');
  const lines = out.toString().trim().split('\n');
  const problems = lines.flatMap((line) => {
    const parsed = JSON.parse(line) as FsckLine;
    return 'problem' in parsed ? [parsed.problem] : [];
  });
  return { code, problems, out: `${out}${err}` };
}

/** A file with a replica of a large block, on one node or another. */
function someReplica(): string {
  for (let nth = 0; nth < 4; nth++) {
    const folder = join(cluster.dataOf(nth), 'files', 'disk', 'blocks');
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const found = names.find((name) => name.endsWith('.blk'));
    if (found !== undefined) return join(folder, found);
  }
  return assert.fail('no node has one');
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 0x10;
  writeFileSync(path, bytes);
}

test('every replica is read; what is damaged on one node is found, made good, and well again', async () => {
  const bytes = content(2_500_000);
  assert.equal(await cluster.put('/d/large', bytes), 201);
  assert.equal(await cluster.put('/d/small', bytes.subarray(0, 1000)), 201);
  const isWhole = (facts: Record<string, unknown>): boolean =>
    facts.lackingReplicas === 0 && facts.safeMode === false;
  await cluster.until('three replicas', isWhole);
  const well = await fsck();
  assert.deepEqual([well.code, well.problems], [0, []], well.out);
  const { summary } = JSON.parse(well.out.trim().split('\n').at(-1)!);
  assert.equal(summary.bytes, 3 * 2_501_000, 'each replica of each block');
  assert.match((await files('status')).out.toString(), /^REDUNDANCY +full$/m);

  flip(someReplica(), 70_000);
  const damaged = await fsck();
  assert.equal(damaged.code, 1, damaged.out);
  assert.deepEqual(
    damaged.problems.map(({ kind, path }) => [kind, path]),
    [['damaged', '/d/large']],
  );
  await cluster.until('the damage to be made good', isWhole);
  const again = await fsck();
  assert.deepEqual([again.code, again.problems], [0, []], again.out);
  const { cluster: shown } = JSON.parse(
    (await files('status', '--json')).out.toString(),
  ) as FilesStatus;
  assert.ok(shown!.totals.copied >= 1);
  assert.match((await files('status')).out.toString(), /^REPAIR +BLOCK +WHY/m);
});

test('a DataNode that is asked shows itself; of files it says who knows', async () => {
  const address = `127.0.0.1:${cluster.nodes[1]!.admin}`;
  const tokenFile = join(cluster.folder, 'data1', 'admin-token');
  const ask = (...args: readonly string[]): Promise<Ran> =>
    runHere(['files', ...args, '--admin', address]);
  const shown = await ask('status');
  assert.equal(shown.code, 0, shown.err);
  const text = shown.out.toString();
  assert.match(text, /^DATANODE +[0-9a-f]{16} at 127\.0\.0\.1:\d+, rack a$/m);
  assert.match(text, /^NAMENODE +127\.0\.0\.1:\d+, connected, and told of all blocks$/m);
  assert.match(text, /^BLOCKS +\d+, .* 0 damaged, as told .* ago$/m);
  assert.match(text, /data1\/files\/disk +open/);
  const { dataNode } = JSON.parse(
    (await ask('status', '--json')).out.toString(),
  ) as DataNodeStatusBody;
  assert.equal(dataNode.nameNode.connection, 'reported');
  const refused = await ask('fsck', '--token-file', tokenFile);
  assert.equal(refused.code, 1);
  const says = `this process is a DataNode of the NameNode at ${dataNode.nameNode.address}`;
  assert.equal(refused.err, `plinth: ${says}: ask the admin door of that one\n`);
  assert.equal((await ask('forget', 'x', '--token-file', tokenFile)).err, refused.err);
});

test('a rack that is lost: what lacks a replica is told, and nothing is missing', async () => {
  await cluster.killNode(0);
  await cluster.killNode(1);
  await cluster.until('both to be dead', ({ nodesDead }) => nodesDead === 2);
  const { code, out } = await files('status');
  assert.equal(code, 1);
  assert.match(out.toString(), / dead \(silent for /);
  assert.match(out.toString(), / 0 missing, [1-9]\d* under-replicated/);
  const { problems } = await fsck();
  const kinds = [...new Set(problems.map(({ kind }) => kind))];
  assert.deepEqual(kinds, ['replicas'], JSON.stringify(problems));
  const { cluster: before } = JSON.parse(
    (await files('status', '--json')).out.toString(),
  ) as FilesStatus;
  const [dead, live] = ['dead', 'live'].map((state) => {
    return before!.nodes.find((node) => node.state === state && node.id !== 'local')!.id;
  });
  const refused = await files('forget', live!);
  assert.deepEqual([refused.code, refused.err], [1, `plinth: ${live} is live\n`]);
  assert.equal((await files('forget', 'nobody')).code, 1);
  assert.equal((await files('forget', dead!)).out.toString(), `${dead} is forgotten.\n`);
  await cluster.until('it to be gone', ({ nodesDead }) => nodesDead === 1);
  cluster.restartNode(0);
  cluster.restartNode(1);
  await cluster.until('them to be back', ({ nodesLive, lackingReplicas }) => {
    return nodesLive === 5 && lackingReplicas === 0;
  });
  assert.ok((await fsck()).problems.every(({ kind }) => kind !== 'replicas'));
});
