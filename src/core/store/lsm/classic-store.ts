/**
 * Test support: LevelDB behind the interface of the tests, to hold them against another engine. A delete
 * of a range is not atomic there, which no test of the contract asks for.
 */
import { ClassicLevel } from 'classic-level';
import type { Operation, OrderedStore, Pair, Range, View, Walk } from './ordered-store.ts';

type Level = ClassicLevel<Buffer, Buffer>;
type LevelSnapshot = ReturnType<Level['snapshot']>;

class LevelView implements View {
  readonly snapshot: LevelSnapshot;

  constructor(snapshot: LevelSnapshot) {
    this.snapshot = snapshot;
  }

  release(): void {
    void this.snapshot.close();
  }
}

const snapshotOf = (view: View | undefined) =>
  view instanceof LevelView ? { snapshot: view.snapshot } : {};

export class ClassicStore implements OrderedStore {
  private level: Level;
  private readonly folder: string;

  static async open(folder: string): Promise<ClassicStore> {
    return new ClassicStore(folder, await openLevel(folder));
  }

  private constructor(folder: string, level: Level) {
    this.folder = folder;
    this.level = level;
  }

  async write(operations: readonly Operation[], sync = false): Promise<void> {
    let batch = this.level.batch();
    for (const operation of operations) {
      if (operation.kind === 'put') batch.put(operation.key, operation.value);
      else if (operation.kind === 'delete') batch.del(operation.key);
      else {
        await batch.write({ sync });
        await this.level.clear({ gte: operation.from, lt: operation.to });
        batch = this.level.batch();
      }
    }
    await batch.write({ sync });
  }

  async get(key: Buffer, view?: View): Promise<Buffer | null> {
    return (await this.level.get(key, snapshotOf(view))) ?? null;
  }

  view(): View {
    return new LevelView(this.level.snapshot());
  }

  walk({ from, to, reverse = false, view }: Range): Walk {
    const bounds = { ...(from && { gte: from }), ...(to && { lt: to }) };
    const iterator = this.level.iterator({ ...bounds, reverse, ...snapshotOf(view) });
    return {
      next: (): Promise<Pair[]> => iterator.nextv(20),
      close: () => iterator.close(),
    };
  }

  async flush(): Promise<void> {}

  async compact(
    from: Buffer = Buffer.alloc(0),
    to: Buffer = Buffer.alloc(2000, 255),
  ): Promise<void> {
    if (from.compare(to) < 0) await this.level.compactRange(from, to);
  }

  async breathe(): Promise<void> {}

  async reopen(): Promise<void> {
    await this.level.close();
    this.level = await openLevel(this.folder);
  }

  close(): Promise<void> {
    return this.level.close();
  }
}

async function openLevel(folder: string): Promise<Level> {
  const level: Level = new ClassicLevel(folder, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: 64 * 1024,
  });
  await level.open();
  return level;
}
