/**
 * Snapshots of directories. What they show is read below `.snapshot` by the operations that read anything.
 *
 * WebHDFS, "Snapshot Operations": https://hadoop.apache.org/docs/r3.3.6/hadoop-project-dist/hadoop-hdfs/WebHDFS.html
 */
import { FilesError } from '../../errors.ts';
import { snapshotsMax } from '../../limits.ts';
import type { DirectoryInode } from '../../namespace/inode.ts';
import { Space, spaceRange } from '../../namespace/keys.ts';
import { Access } from '../../namespace/permission.ts';
import { compareSnapshots, NowSide } from '../../namespace/snapshots/diff.ts';
import { decodeSnapshots, living, type Snapshots } from '../../namespace/snapshots/root-record.ts';
import { readSnapshots, SnapshotView } from '../../namespace/snapshots/view.ts';
import { type Call, operation } from '../call.ts';
import { denied, RemoteException } from '../errors.ts';
import { need } from '../locate.ts';
import { showName } from '../names.ts';
import { required, text } from '../parameters.ts';
import { jsonReply, OK, type Reply } from '../reply.ts';
import { statusOf } from '../status.ts';

function needSuperuser({ caller }: Call): void {
  if (!caller.isSuperuser) {
    throw denied(`user ${caller.user}. Superuser privilege is required`);
  }
}

export const allowSnapshot = operation({
  op: 'ALLOWSNAPSHOT',
  method: 'PUT',
  parameters: {},
  run: async (call) => {
    needSuperuser(call);
    await call.files.namespace.run('allowSnapshots', { path: call.place.path });
    return OK;
  },
});

export const disallowSnapshot = operation({
  op: 'DISALLOWSNAPSHOT',
  method: 'PUT',
  parameters: {},
  run: async (call) => {
    needSuperuser(call);
    await call.files.namespace.run('disallowSnapshots', { path: call.place.path });
    return OK;
  },
});

/** As Hadoop names a snapshot without a name: `s20260131-235959.999`, in UTC. */
function ownName(nowMs: number): string {
  const [date = '', time = ''] = new Date(nowMs).toISOString().replace('Z', '').split('T');
  return `s${date.replaceAll('-', '')}-${time.replaceAll(':', '')}`;
}

export const createSnapshot = operation({
  op: 'CREATESNAPSHOT',
  method: 'PUT',
  parameters: { snapshotname: text() },
  run: async ({ files, place, caller, nowMs }, { snapshotname: snapshot = ownName(nowMs) }) => {
    await files.namespace.run('createSnapshot', { path: place.path, snapshot, caller });
    return jsonReply({ Path: `${place.shown.replace(/\/+$/, '')}/.snapshot/${snapshot}` });
  },
});

export const renameSnapshot = operation({
  op: 'RENAMESNAPSHOT',
  method: 'PUT',
  parameters: { oldsnapshotname: required(text()), snapshotname: required(text()) },
  run: async ({ files, place, caller }, { oldsnapshotname: snapshot, snapshotname: to }) => {
    await files.namespace.run('renameSnapshot', { path: place.path, snapshot, to, caller });
    return OK;
  },
});

export const deleteSnapshot = operation({
  op: 'DELETESNAPSHOT',
  method: 'DELETE',
  parameters: { snapshotname: required(text()) },
  run: async ({ files, place, caller }, { snapshotname: snapshot }) => {
    await files.namespace.run('deleteSnapshot', { path: place.path, snapshot, caller });
    files.reclaim();
    return OK;
  },
});

/** @throws RemoteException SnapshotException when the place is no directory with snapshots. */
async function needSnapshots({
  files,
  place,
  caller,
}: Call): Promise<{ readonly inode: DirectoryInode; readonly snapshots: Snapshots }> {
  const { reader } = files.namespace;
  const { kind, inode } = await need(reader, place, caller);
  const snapshots = kind === 'directory' ? await readSnapshots(reader, inode.id) : null;
  if (kind !== 'directory' || snapshots?.allowed !== true || place.snapshot !== undefined) {
    const says = `Directory is not a snapshottable directory: ${place.shown}`;
    throw new RemoteException('SnapshotException', says);
  }
  return { inode, snapshots };
}

export const getSnapshotList = operation({
  op: 'GETSNAPSHOTLIST',
  method: 'GET',
  parameters: {},
  run: async (call) => {
    const { files, place, caller } = call;
    const { reader } = files.namespace;
    const { inode, snapshots } = await needSnapshots(call);
    caller.need(inode, Access.read | Access.execute, place.shown);
    const parentFullPath = place.shown.replace(/(.)\/+$/, '$1');
    const SnapshotList: object[] = [];
    for (const info of living(snapshots)) {
      const view = new SnapshotView(reader, inode.id, info);
      const then = await view.rootInode();
      if (then === null) continue;
      SnapshotList.push({
        deletionStatus: 'ACTIVE',
        dirStatus: statusOf(then, info.name, await view.tally(inode.id)),
        fullPath: `${parentFullPath.replace(/\/$/, '')}/.snapshot/${info.name}`,
        parentFullPath,
        snapshotID: info.number,
      });
    }
    return jsonReply({ SnapshotList });
  },
});

export const getSnapshottableDirectoryList = operation({
  op: 'GETSNAPSHOTTABLEDIRECTORYLIST',
  method: 'GET',
  parameters: {},
  run: async ({ files, caller }) => {
    const { reader } = files.namespace;
    const roots: Snapshots[] = [];
    await reader.each(spaceRange(Space.snapshots), (_key, value) => {
      const snapshots = decodeSnapshots(value);
      if (snapshots.allowed) roots.push(snapshots);
      return true;
    });
    const SnapshottableDirectoryList: object[] = [];
    for (const snapshots of roots) {
      const inode = await reader.directory(snapshots.path);
      if (inode === null || !caller.owns(inode)) continue;
      const names = snapshots.path.map((name) => showName(name, false));
      const tally = await reader.tally(inode.id);
      SnapshottableDirectoryList.push({
        dirStatus: statusOf(inode, names.at(-1) ?? '', tally),
        parentFullPath: `/${names.slice(0, -1).join('/')}`,
        snapshotNumber: living(snapshots).length,
        snapshotQuota: snapshotsMax,
      });
    }
    return jsonReply({ SnapshottableDirectoryList });
  },
});

export const getSnapshotDiff = operation({
  op: 'GETSNAPSHOTDIFF',
  method: 'GET',
  parameters: { oldsnapshotname: text(), snapshotname: text() },
  run: async (call, { oldsnapshotname: from = '', snapshotname: to = '' }): Promise<Reply> => {
    const { files, place, caller } = call;
    const { reader } = files.namespace;
    const { inode, snapshots } = await needSnapshots(call);
    caller.need(inode, Access.read | Access.execute, place.shown);
    const view = (name: string): SnapshotView | undefined => {
      // HDFS: a dot or nothing is what stands there now.
      if (name === '' || name === '.') return undefined;
      const info = living(snapshots).find((each) => each.name === name);
      if (info !== undefined) return new SnapshotView(reader, inode.id, info);
      throw new FilesError('snapshot', `${place.shown}: there is no snapshot ${name}`);
    };
    const [first, second] = [view(from), view(to)];
    const now = new NowSide(reader, inode);
    const number = (each: SnapshotView | undefined): number =>
      each?.info.number ?? Number.MAX_SAFE_INTEGER;
    const older = number(first) <= number(second) ? first : second;
    const differences =
      older === undefined
        ? []
        : await compareSnapshots({
            ...{ reader, from: first ?? now, to: second ?? now, older },
            until: Math.max(number(first), number(second)),
          });
    const shown = (names: readonly string[]): string =>
      names.map((name) => showName(name, false)).join('/');
    return jsonReply({
      SnapshotDiffReport: {
        diffList: differences.map(({ type, source, target }) => ({
          sourcePath: shown(source),
          ...(target !== undefined && { targetPath: shown(target) }),
          type,
        })),
        fromSnapshot: from,
        snapshotRoot: place.shown,
        toSnapshot: to,
      },
    });
  },
});
