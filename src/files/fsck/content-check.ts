/**
 * Looks at what a file is made of: each piece against the record of its block, each block against the disk.
 *
 * Invariant: what was deleted while it was looked at is no problem.
 */
import type { Snapshot } from '../../core/store/index.ts';
import type { BlockFault, BlockFinding } from '../blocks/block-verifier.ts';
import { FilesError, type FilesErrorCode } from '../errors.ts';
import type { Extent } from '../namespace/inode.ts';
import { blockKey } from '../namespace/keys.ts';
import { type BlockRecord, decodeBlock } from '../namespace/records.ts';
import type { FsckRun } from './fsck-run.ts';
import type { FsckSource, ReplicasVerifier } from './fsck-source.ts';
import type { Where } from './report.ts';

/** Blocks that several pieces share, and what was found of them, that are remembered. */
const SHARED_MAX = 65_536;

const CODES = {
  missing: 'missing',
  stale: 'missing',
  length: 'corrupt',
  damaged: 'corrupt',
  unreadable: 'io',
} as const satisfies Record<Exclude<BlockFault, 'replicas'>, FilesErrorCode>;

/** Something that has bytes. */
export interface Content {
  readonly size: number;
  readonly extents: AsyncIterable<readonly Extent[]> | Iterable<readonly Extent[]>;
  /** Asked only when there is something to be told. */
  where(): Where | Promise<Where>;
}

export class ContentCheck {
  private readonly run: FsckRun;
  private readonly source: FsckSource;
  private readonly snapshot: Snapshot;
  private readonly verifier: ReplicasVerifier;
  /** Oldest first. */
  private readonly shared = new Map<number, readonly BlockFinding[]>();

  constructor(run: FsckRun, source: FsckSource, snapshot: Snapshot, verifier: ReplicasVerifier) {
    this.run = run;
    this.source = source;
    this.snapshot = snapshot;
    this.verifier = verifier;
  }

  /** @returns false: nobody listens any more. @throws what the namespace and the index of blocks throw. */
  async check(content: Content): Promise<boolean> {
    let at = 0;
    for await (const extents of content.extents) {
      for (const extent of extents) {
        if (!(await this.run.go())) return false;
        await this.checkExtent(content, extent, at);
        at += extent.length;
      }
    }
    if (at !== content.size) {
      const detail = `the file has ${content.size} bytes, its pieces have ${at}`;
      await this.run.problem({ kind: 'size', ...(await content.where()), detail });
    }
    return await this.run.go();
  }

  /** @param at where the piece begins in the file */
  private async checkExtent(content: Content, extent: Extent, at: number): Promise<void> {
    const { run, source, snapshot } = this;
    const { block, stamp, offset, length } = extent;
    run.counts.extents++;
    const stored = await source.reader.get(blockKey(block), snapshot);
    const record = stored === null ? null : decodeBlock(stored);
    const place = { block, stamp, offset: at };
    if (record === null || record.stamp !== stamp) {
      const detail = record === null ? 'no record' : `the record is of generation ${record.stamp}`;
      await run.problem({ kind: 'unknown', ...(await content.where()), ...place, detail });
      return;
    }
    if (offset + length > record.length) {
      const detail = `bytes ${offset} to ${offset + length} of a block of ${record.length}`;
      await run.problem({ kind: 'beyond', ...(await content.where()), ...place, detail });
    }
    for (const found of await this.verify(block, record)) {
      const lies = found.offset + found.bytes > offset && found.offset < offset + length;
      await run.problem({
        ...{ kind: found.fault, ...(await content.where()), block, stamp },
        ...(lies && { offset: at + Math.max(0, found.offset - offset) }),
        ...(found.bytes > 0 && { blockOffset: found.offset, bytes: found.bytes }),
        detail: found.detail,
      });
    }
  }

  private async verify(block: number, record: BlockRecord): Promise<readonly BlockFinding[]> {
    const { shared } = this;
    const known = shared.get(block);
    if (known !== undefined) return known;
    const found = await this.verifyNow(block, record);
    if (record.references > 1) {
      if (shared.size >= SHARED_MAX) {
        const [oldest] = shared.keys();
        shared.delete(oldest!);
      }
      shared.set(block, found);
    }
    return found;
  }

  private async verifyNow(
    block: number,
    { stamp, length, replication }: BlockRecord,
  ): Promise<readonly BlockFinding[]> {
    const { run, source } = this;
    run.counts.blocks++;
    const name = { block, stamp };
    let isLeft = false;
    const found = await this.verifier.verify(name, length, replication, async (bytes) => {
      run.counts.bytes += bytes;
      isLeft = !(await run.go());
      return !isLeft;
    });
    if (found.length === 0) {
      if (!isLeft) source.foundWhole(block);
      return found;
    }
    const now = await source.reader.block(block);
    if (now?.stamp !== stamp) return [];
    for (const { fault, detail } of found) {
      if (fault === 'replicas') continue;
      source.foundDamage(name, new FilesError(CODES[fault], `block ${block}: ${detail}`));
    }
    return found;
  }
}
