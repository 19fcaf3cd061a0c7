/**
 * The check of the file system: every block of every file below a path is on the disk, whole, in its generation. Of
 * the root also the other way round: references are as counted, and nothing is on the disks that nothing names.
 *
 *     files, versions, parts of uploads ──▶ references ──▶ disks ──▶ summary
 *                  └───────── the root only ─────┴───────────┘
 *
 * Invariants: the namespace is looked at as it was at one moment; memory grows neither with the files nor with the
 * problems; nothing is changed.
 */
import type { OperationLines } from '../../core/base/index.ts';
import { FilesError } from '../errors.ts';
import { ROOT_ID } from '../namespace/keys.ts';
import type { NamespaceReader } from '../namespace/reader.ts';
import { translated } from '../translate.ts';
import { ContentCheck } from './content-check.ts';
import { checkDisks } from './disk-check.ts';
import { FsckRun } from './fsck-run.ts';
import type { FsckSource } from './fsck-source.ts';
import { checkReferences } from './reference-check.ts';
import { type FsckTarget, TreeCheck } from './tree-check.ts';

/** What stands at a path, by its names and what is meant by the last one. @throws FilesError 'not-found'. */
export async function fsckTarget(
  reader: NamespaceReader,
  path: readonly string[],
  facet: 'file' | 'directory' | 'any',
): Promise<FsckTarget> {
  const inode = facet === 'file' ? null : await reader.directory(path);
  if (inode !== null) return { kind: 'directory', path, id: inode.id };
  const name = path.at(-1);
  const head = name === undefined ? null : await reader.head(path.slice(0, -1), name);
  if (head === null) throw new FilesError('not-found');
  return { kind: 'file', path };
}

/** Tells `lines` what it finds, until the summary or until nobody listens. @param shown the path as it was asked for */
export async function fsck(
  source: FsckSource,
  target: FsckTarget,
  shown: string,
  lines: OperationLines,
): Promise<void> {
  const { reader, clock } = source;
  const isDirectory = target.kind === 'directory';
  const run = new FsckRun(lines, clock);
  try {
    const snapshot = reader.snapshot();
    const verifier = source.verifier();
    try {
      if (isDirectory) run.totalBytes = (await reader.tally(target.id, snapshot)).bytes;
      const isWhole = isDirectory && target.id === ROOT_ID;
      const contents = new ContentCheck(run, source, snapshot, verifier);
      const tree = new TreeCheck(run, reader, snapshot, contents);
      if (!(await tree.check(target))) return;
      if (isWhole) {
        run.phase = 'references';
        if (!(await checkReferences(run, reader, snapshot))) return;
        run.phase = 'disks';
        if (!(await checkDisks(run, source))) return;
      }
      await run.summary(shown, isWhole);
    } finally {
      verifier.close();
      snapshot.release();
    }
  } catch (thrown) {
    const error = translated(thrown, 'the namespace');
    if (!(error instanceof FilesError)) throw error;
    await run.failure(error.code, error.message);
  }
}
