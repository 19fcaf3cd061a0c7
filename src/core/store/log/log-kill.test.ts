import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeSpawn,
} from '../../runtime/node/index.ts';
import { openLog } from './log.ts';
import { type Log, logIndex } from './types.ts';

const root = mkdtempSync(join(tmpdir(), 'plinth-log-'));
after(() => rmSync(root, { recursive: true }));
const writer = fileURLToPath(import.meta.resolve('./log-writer-process.ts'));

function open(folder: string): Promise<Log> {
  return openLog({
    disk: createNodeDisk(),
    clock: createNodeClock(),
    random: createNodeRandom(),
    folder,
    nodeId: 'node-a',
    policy: 'always',
    segmentBytes: 256 * 1024,
  });
}

/** Lets the writer run until it has acknowledged `count` more entries, then kills it. @returns the last one. */
async function writeAndKill(folder: string, policy: string, count: number): Promise<number> {
  let output = '';
  let from = 0;
  const acknowledged = (): number =>
    Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1));
  let enough = (): void => {};
  const reached = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const child = await createNodeSpawn().spawn({
    command: [process.execPath, writer, folder, policy],
    onOutput(chunk, where) {
      if (where === 'stderr') process.stderr.write(chunk);
      else output += chunk.toString();
      if (from === 0) from = acknowledged();
      if (acknowledged() >= from + count) enough();
    },
  });
  await Promise.race([reached, child.exited]);
  child.kill('SIGKILL');
  const exit = await child.exited;
  assert.equal(exit.signal, 'SIGKILL', 'the writer ran until it was killed');
  return acknowledged();
}

for (const policy of ['always', 'everysec']) {
  test(`kill -9 in the middle of writing, rotation and deletion loses nothing acknowledged under ${policy}`, async () => {
    const folder = join(root, policy);
    for (let round = 0; round < 4; round++) {
      const acknowledged = await writeAndKill(folder, policy, 300 + round * 1700);
      const log = await open(folder);
      assert.ok(
        log.lastIndex >= acknowledged,
        `${acknowledged} acknowledged, ${log.lastIndex} there`,
      );
      let index: number = log.firstIndex;
      log.readFrom(logIndex(index), (entry) => {
        const text = entry.buffer.toString('latin1', entry.start, entry.end);
        const expected = `${index}:`.padEnd(20 + (((index - 1) * 37) % 700), 'x');
        assert.equal(entry.index, index);
        assert.equal(text, expected);
        index++;
      });
      assert.equal(index, log.lastIndex + 1);
      await log.close();
    }
  });
}
