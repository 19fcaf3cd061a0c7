import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../core/observe/index.ts';
import type { Wanted } from '../cluster/index.ts';
import { FilesError } from '../errors.ts';
import { NamelessReplicas } from './nameless-replicas.ts';

class Bed {
  readonly named = new Map<number, Wanted | 'held'>();
  readonly known = new Set<number>();
  readonly nodes = new Set(['n1', 'n2']);
  readonly deleted: string[] = [];
  isSafeMode = false;
  failure: FilesError | undefined;
  readonly nameless = new NamelessReplicas({
    cluster: this.cluster(),
    logger: silentLogger(),
    graceMs: 1000,
    lookup: async () => {
      if (this.failure !== undefined) throw this.failure;
      return (block) => this.named.get(block);
    },
    delete: (node, names) => {
      for (const { block, stamp } of names) this.deleted.push(`${node} ${block}.${stamp}`);
    },
  });

  private cluster() {
    const bed = this;
    return {
      get isSafeMode(): boolean {
        return bed.isSafeMode;
      },
      unknown: (replicas: readonly { readonly block: number }[]) =>
        replicas.map(({ block }) => block).filter((block) => !bed.known.has(block)),
      address: (id: string) => (bed.nodes.has(id) ? `${id}:1` : undefined),
    };
  }

  add(node: string, blocks: readonly number[], nowMs: number, stamp = 1): void {
    this.nameless.add(
      node,
      blocks.map((block) => ({ block, stamp, length: 10 })),
      nowMs,
    );
  }

  async at(nowMs: number): Promise<readonly string[]> {
    this.nameless.tick(nowMs);
    await new Promise((resolve) => setImmediate(resolve));
    return this.deleted.splice(0).toSorted();
  }
}

test('what nobody names goes some time after it was reported, and not before', async () => {
  const bed = new Bed();
  bed.add('n1', [1, 2], 0);
  bed.add('n2', [1], 500);
  bed.add('n1', [1, 2], 900);
  assert.deepEqual(bed.nameless.status, { waiting: 3, waitingBytes: 30, reclaimed: 0 });
  assert.deepEqual(await bed.at(999), []);
  assert.deepEqual(await bed.at(1000), ['n1 1.1', 'n1 2.1']);
  assert.deepEqual(await bed.at(1499), []);
  assert.deepEqual(await bed.at(1500), ['n2 1.1']);
  assert.deepEqual(bed.nameless.status, { waiting: 0, waitingBytes: 0, reclaimed: 3 });
  assert.deepEqual(await bed.at(5000), []);
});

test('what is named, written or known by then stays, and so does what a node has that is not known', async () => {
  const bed = new Bed();
  bed.add('n1', [1, 2, 3, 4], 0);
  bed.add('gone', [4], 0);
  bed.named.set(1, { block: 1, stamp: 1, length: 10, replication: 1 });
  bed.named.set(2, 'held');
  bed.known.add(3);
  assert.deepEqual(await bed.at(1000), ['n1 4.1']);
  assert.equal(bed.nameless.status.waiting, 0);
});

test('in safe mode, and while the namespace can not be read, nothing goes', async () => {
  const bed = new Bed();
  bed.add('n1', [1], 0);
  bed.isSafeMode = true;
  assert.deepEqual(await bed.at(2000), []);
  bed.isSafeMode = false;
  bed.failure = new FilesError('io');
  assert.deepEqual(await bed.at(2000), []);
  bed.failure = undefined;
  assert.deepEqual(await bed.at(2000), ['n1 1.1']);
});

test('another generation of a block waits anew', async () => {
  const bed = new Bed();
  bed.add('n1', [1], 0, 1);
  bed.add('n1', [1], 600, 2);
  assert.deepEqual(await bed.at(1000), []);
  assert.deepEqual(await bed.at(1600), ['n1 1.2']);
});
