/**
 * A process that writes to an LSM engine for ever, to be killed:
 *
 *     node writer.ts <folder> <number of the last batch> <own | owner>
 *
 * What batch n does follows from n (batches.ts). It prints the number of each batch that is acknowledged
 * as durable; with a log of its owner the mark that a flush has made durable.
 */
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { batchOf } from '../../../src/core/store/lsm/lsm-store.ts';
import { NodePlace } from '../../../src/core/store/lsm/node-place.ts';
import { GROUP_BATCHES, operationsOf } from './batches.ts';

const [, , folder = '', last = '0', log = 'own'] = process.argv;
const owned = log === 'owner';

const lsm = await new NodePlace(folder, { log: owned ? 'owner' : 'own' }).open();
let number = Number(last);
let waiting = 0;

function fail(error: unknown): never {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
}

function flush(): void {
  lsm.flush().then(() => {
    if (owned) process.stdout.write(`${lsm.durableMark}\n`);
  }, fail);
}

for (;;) {
  number++;
  const mine = number;
  const sync = mine % 10 === 0;
  let refused = false;
  waiting++;
  const mark = owned && mine % GROUP_BATCHES === 0 ? { mark: mine } : {};
  lsm.write(batchOf(operationsOf(mine)), { sync, ...mark }, (error) => {
    waiting--;
    // Nothing of the batch was taken, which is told within the call: it is tried again.
    if (error?.code === 'busy') refused = true;
    else if (error !== null) fail(error);
    else if (sync && !owned) process.stdout.write(`${mine}\n`);
  });
  if (refused) {
    number--;
    await wait(1);
    continue;
  }
  if (mine % (owned ? 203 : 2003) === 0) flush();
  if (mine % 5003 === 0) lsm.compact().catch(fail);
  do await nextTurn();
  while (waiting > 20);
}
