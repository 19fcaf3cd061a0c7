import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, contentOf, TransferWorld } from '../../../tests/support/files/transfer-world.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import { FilesError } from '../errors.ts';
import type { NewBlock } from '../namespace/extents.ts';
import { PipelineSink, type PipelineSinkOptions } from './pipeline-sink.ts';

interface Written {
  readonly world: TransferWorld;
  readonly local: BlockStore;
  readonly holders: Map<number, readonly string[]>;
  readonly discarded: number[];
  readonly failed: Set<string>;
  options: PipelineSinkOptions;
}

/** @param hasLocal whether the disks of the writer are a node too. */
async function within(
  nodes: number,
  hasLocal: boolean,
  work: (at: Written) => Promise<void>,
): Promise<void> {
  const world = await TransferWorld.start(nodes);
  const local = await world.openStore('local');
  const holders = new Map<number, readonly string[]>();
  const discarded: number[] = [];
  const failed = new Set<string>();
  let next = 1;
  const address = (id: string): string | undefined =>
    world.nodes.find((node) => node.id === id)?.address;
  const options: PipelineSinkOptions = {
    ...{ local: 'local', store: local, client: world.client, address },
    ...{ bytesMax: 64 << 20, replication: 3, replicasMin: 2 },
    number: () => next++,
    targets: (replication, _bytes, exclude) => {
      const all = [...(hasLocal ? ['local'] : []), ...world.nodes.map(({ id }) => id)];
      const found = all.filter((id) => !exclude.has(id)).slice(0, replication);
      if (found.length === 0) throw new FilesError('no-nodes');
      return found;
    },
    onDurable: (block, on) => holders.set(block.block, [...on]),
    copy: async ({ block, stamp, length }, from, to) => {
      const name = { block, stamp, length, address: address(to)! };
      await world.client.copy(address(from)!, name, 5000);
    },
    discard: async (blocks) => void discarded.push(...blocks.map(({ block }) => block)),
    onNodeFailed: (node) => failed.add(node),
  };
  try {
    await work({ world, local, holders, discarded, failed, options });
  } finally {
    await world.stop();
    await local.close();
  }
}

async function writeAll(
  sink: PipelineSink,
  data: Buffer,
  meanwhile: (at: number) => Promise<void> | undefined,
): Promise<readonly NewBlock[]> {
  for (let at = 0; at < data.length; at += 100_000) {
    await sink.write(data.subarray(at, at + 100_000));
    await meanwhile(at);
  }
  return await sink.finish();
}

/** Each block as each of its holders has it. */
async function check(at: Written, blocks: readonly NewBlock[], data: Buffer): Promise<void> {
  const { world, local, holders } = at;
  let offset = 0;
  for (const { block, stamp, length } of blocks) {
    const on = holders.get(block) ?? [];
    assert.ok(on.length >= 2 && new Set(on).size === on.length, `block ${block} is on ${on}`);
    for (const id of on) {
      const node = world.nodes.find((each) => each.id === id);
      const pieces =
        node === undefined
          ? local.read({ block, stamp }, 0, length)
          : world.client.read(node.address, { block, stamp, from: 0, to: length });
      const bytes = await collect(pieces);
      assert.ok(bytes.equals(data.subarray(offset, offset + length)), `block ${block} on ${id}`);
    }
    offset += length;
  }
  assert.equal(offset, data.length);
}

// More than may be under way: by the time of a failure a part of it is acknowledged.
const data = contentOf(7_000_007);

for (const hasLocal of [false, true]) {
  const where = hasLocal ? 'with disks of its own' : 'on others alone';
  test(`a block goes whole to all of a chain, ${where}`, async () => {
    await within(3, hasLocal, async (at) => {
      const sink = await PipelineSink.begin(at.options);
      const blocks = await writeAll(sink, data, () => undefined);
      assert.equal(blocks.length, 1);
      assert.equal(at.holders.get(blocks[0]!.block)?.length, 3);
      await check(at, blocks, data);
    });
  });

  for (let nth = 0; nth < (hasLocal ? 2 : 3); nth++) {
    test(`number ${nth} of a chain goes in mid-block and nothing is lost, ${where}`, async () => {
      await within(4, hasLocal, async (at) => {
        const sink = await PipelineSink.begin(at.options);
        const blocks = await writeAll(sink, data, (offset) =>
          offset === 6_000_000 ? at.world.nodes[nth]!.stop() : undefined,
        );
        assert.ok(blocks.length >= 2, 'it went on as another block');
        assert.ok(at.failed.has(`n${nth}`));
        const gone = new Set([`n${nth}`]);
        for (const on of at.holders.values()) assert.ok(on.every((id) => !gone.has(id)));
        await check(at, blocks, data);
        assert.ok(blocks[0]!.stamp > 1, 'what was cut has another generation');
      });
    });
  }
}

test('one after another goes, until too few are left: the write fails and leaves nothing', async () => {
  await within(3, false, async (at) => {
    const sink = await PipelineSink.begin(at.options);
    const writing = writeAll(sink, data, (offset) => {
      if (offset === 5_500_000) return at.world.nodes[0]!.stop();
      return offset === 6_000_000 ? at.world.nodes[1]!.stop() : undefined;
    });
    await assert.rejects(writing, { code: 'no-nodes' });
    await sink.abort();
    const durable = [...at.holders.keys()];
    assert.deepEqual(at.discarded.toSorted(), durable.toSorted());
  });
});

test('a node that is gone before the start is left out', async () => {
  await within(4, false, async (at) => {
    await at.world.nodes[1]!.stop();
    const sink = await PipelineSink.begin(at.options);
    const blocks = await writeAll(sink, data, () => undefined);
    assert.equal(blocks.length, 1);
    assert.deepEqual(at.holders.get(blocks[0]!.block), ['n0', 'n2', 'n3']);
    await check(at, blocks, data);
  });
});

test('the last one that had a block is enough for it to reach as many as are needed', async () => {
  await within(3, false, async (at) => {
    const sink = await PipelineSink.begin({ ...at.options, replication: 2 });
    const blocks = await writeAll(sink, data, (offset) =>
      offset === 6_000_000 ? at.world.nodes[1]!.stop() : undefined,
    );
    assert.deepEqual(at.holders.get(blocks[0]!.block), ['n0', 'n2']);
    await check(at, blocks, data);
  });
});

test('what is given up leaves no block on any node', async () => {
  await within(3, true, async (at) => {
    const sink = await PipelineSink.begin(at.options);
    await sink.write(data);
    await sink.abort();
    await sink.abort();
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(at.holders.size, 0);
    for (const { stored, store } of at.world.nodes) {
      assert.deepEqual(stored, []);
      assert.equal(await store.find(1), null);
    }
    assert.equal(await at.local.find(1), null);
  });
});

test('a disk that fills up in mid-block moves what comes to another node, and loses nothing', async () => {
  await within(4, false, async (at) => {
    const { store } = at.world.nodes[1]!;
    const begin = store.begin.bind(store);
    store.begin = async (name, bytesMax) => {
      const writer = await begin(name, bytesMax);
      const writeBody = writer.writeBody.bind(writer);
      writer.writeBody = (body, length) => {
        if (writer.length > 1_000_000) return Promise.reject(new FilesError('disk-full', 'all'));
        return writeBody(body, length);
      };
      return writer;
    };
    const sink = await PipelineSink.begin(at.options);
    const blocks = await writeAll(sink, data, () => undefined);
    assert.ok(at.failed.has('n1'));
    await check(at, blocks, data);
    const last = at.holders.get(blocks[blocks.length - 1]!.block);
    assert.deepEqual(last, ['n0', 'n2', 'n3']);
  });
});
