/**
 * Test support: a process that appends for ever and prints what was acknowledged, to be killed.
 *
 *     node log-writer-process.ts <folder> <policy>
 */
import { createNodeClock, createNodeDisk, createNodeRandom } from '../../runtime/node/index.ts';
import { openLog } from './log.ts';
import { logIndex, type SyncPolicy } from './types.ts';

const [, , folder = '', policy = 'always'] = process.argv;

const clock = createNodeClock();
const log = await openLog({
  disk: createNodeDisk(),
  clock,
  random: createNodeRandom(),
  folder,
  nodeId: 'node-a',
  policy: policy as SyncPolicy,
  segmentBytes: 256 * 1024,
  onDurable: (index) => process.stdout.write(`${index}\n`),
});

let checkpoint = 0;

function turn(): void {
  const count = 1 + (log.lastIndex % 40);
  for (let nth = 0; nth < count; nth++) {
    const text = `${log.lastIndex + 1}:`;
    log.append(Buffer.from(text.padEnd(20 + ((log.lastIndex * 37) % 700), 'x')), clock.wallMs());
  }
  // Deletion and recycling go on while it is killed.
  if (log.durableIndex - checkpoint > 4000) {
    checkpoint = log.durableIndex;
    log.truncateBefore(logIndex(checkpoint - 1000)).catch((error: unknown) => {
      throw error;
    });
  }
  if (log.pendingBytes > 1_000_000) clock.setTimer(5, turn);
  else if (policy === 'always') log.flush(() => clock.nextTurn(turn));
  else {
    log.flush();
    clock.setTimer(1, turn);
  }
}

turn();
