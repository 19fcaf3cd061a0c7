import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import type { Evictor } from './evictor.ts';
import { decodeHead, HEADER_BYTES, itemBytes, KIND_RECORD } from './format.ts';
import type { Item } from './item.ts';
import { RecordIndex } from './record-index.ts';
import { Segments } from './segments.ts';
import { contentOf } from './tier-world.ts';
import { Trouble } from './trouble.ts';
import type { TierCounts } from './types.ts';
import { Writer } from './writer.ts';

const FOLDER = '/cache';
const SEGMENT_BYTES = 16 * 1024;

function createWriter() {
  const clock = createSimClock();
  const random = createSimRandom(1);
  const disk = new SimDisk(clock, random.fork());
  disk.mkdirSync(FOLDER);
  const index = new RecordIndex(1000);
  const counts = { written: 0, writtenBytes: 0, lost: 0, writeErrors: 0 } as TierCounts;
  const place = { disk, clock, random, folder: FOLDER };
  const segments = new Segments({
    ...place,
    segmentBytes: SEGMENT_BYTES,
    reservedBytes: 0,
    counts,
  });
  const evictor = { makeRoom: async () => {}, runAhead: () => {} } as unknown as Evictor;
  const trouble = new Trouble();
  const writer = new Writer({
    ...{ ...place, segments, recordsMax: 1000, index, counts, evictor, trouble },
    queuedBytesMax: 1 << 20,
    prepare: async () => {},
  });
  return { clock, disk, index, writer };
}

function itemOf(order: number, hashHigh: number, entry: number, bodyBytes: number): Item {
  const { meta, body } = contentOf(`${order}`, bodyBytes);
  const head = { hashLow: 0, hashHigh, tag: 0, order, sequence: 1, kind: KIND_RECORD };
  const lengths = { metaBytes: meta.length, bodyBytes };
  const bytes = itemBytes(KIND_RECORD, meta.length, bodyBytes);
  return { ...head, ...lengths, meta, body: [body], bytes, entry, done: null };
}

/** The orders of the items in a file. */
function ordersIn(disk: SimDisk, path: string): number[] {
  const file = disk.openSync(path, { mode: 'read' });
  const bytes = Buffer.alloc(file.sizeSync());
  file.readSync(bytes, 0, bytes.length, 0);
  const orders: number[] = [];
  for (let at = HEADER_BYTES; ; ) {
    const head = decodeHead(bytes, at, at);
    if (head === null) return orders;
    orders.push(head.order);
    at += itemBytes(head.kind, head.metaBytes, head.bodyBytes);
  }
}

test('a record that was replaced while its copy waited is not written behind what replaced it', async () => {
  const { clock, disk, index, writer } = createWriter();
  const old = index.add(0, 7, 0, 1);
  index.settle(old, { slot: 9, offset: 512, size: 100 });
  writer.push(itemOf(2, 7, index.add(0, 7, 0, 2), 100));
  // They fill the segment, so that the copy comes into the next one, behind another record.
  for (let order = 3; order < 7; order++) {
    writer.push(itemOf(order, order, index.add(0, order, 0, order), 3500));
  }
  writer.push(itemOf(1, 7, old, 100));
  writer.push(itemOf(8, 8, index.add(0, 8, 0, 8), 100));
  await clock.settle(writer.flush());
  const files = disk.listSync(FOLDER).map((name) => `${FOLDER}/${name}`);
  assert.deepEqual(
    files.map((path) => ordersIn(disk, path)),
    [
      [2, 3, 4, 5],
      [6, 8],
    ],
  );
  assert.equal(index.count, 6);
});
