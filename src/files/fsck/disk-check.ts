/** Looks for blocks that are on the disks though nothing names them. */
import type { StoredBlock } from '../blocks/block-index.ts';
import type { FsckRun } from './fsck-run.ts';
import type { FsckSource } from './fsck-source.ts';

const BATCH = 1024;
/** What is about to go has gone when it is looked at again. */
const AGAIN_MS = 200;

/** @returns false: nobody listens any more. */
export async function checkDisks(run: FsckRun, source: FsckSource): Promise<boolean> {
  return (await checkOwn(run, source)) && (await checkOthers(run, source));
}

/** Those of other nodes are known from their reports, and are about to go. */
async function checkOthers(run: FsckRun, source: FsckSource): Promise<boolean> {
  for (const { node, block, stamp, length } of source.nameless()) {
    if (!(await run.go())) return false;
    if (await isNameless(source, block)) {
      const detail = `node ${node}: ${length} bytes that nothing names`;
      await run.problem({ kind: 'nameless', block, stamp, bytes: length, detail });
    }
  }
  return true;
}

async function checkOwn(run: FsckRun, source: FsckSource): Promise<boolean> {
  for (let above = 0; ; ) {
    const batch: StoredBlock[] = [];
    await source.blocks.each(above, (block) => batch.push(block) < BATCH);
    const suspects: StoredBlock[] = [];
    for (const stored of batch) {
      if (!(await run.go())) return false;
      if (await isNameless(source, stored.block)) suspects.push(stored);
    }
    if (suspects.length > 0) await run.pause(AGAIN_MS);
    for (const { block, stamp, length } of suspects) {
      if (!(await isNameless(source, block))) continue;
      const there = await source.blocks.find(block);
      if (there?.stamp !== stamp) continue;
      const detail = `${length} bytes that nothing names`;
      await run.problem({ kind: 'nameless', block, stamp, bytes: length, detail });
    }
    const last = batch.at(-1);
    if (last === undefined || batch.length < BATCH) return true;
    above = last.block;
  }
}

async function isNameless(source: FsckSource, block: number): Promise<boolean> {
  return !source.mayBeNameless(block) && (await source.reader.block(block)) === null;
}
