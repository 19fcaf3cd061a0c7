/** All operations of the door, and those that the specification has and the file system can not do. */
import type { Operation } from '../call.ts';
import { illegalParameter, RemoteException } from '../errors.ts';
import {
  getXattrs,
  listXattrs,
  removeXattr,
  setOwner,
  setPermission,
  setQuota,
  setReplication,
  setTimes,
  setXattr,
} from './attributes.ts';
import {
  checkAccess,
  getAclStatus,
  getContentSummary,
  getFileLinkStatus,
  getFileStatus,
  getHomeDirectory,
  getQuotaUsage,
  getServerDefaults,
  getTrashRoot,
  getTrashRoots,
  listStatus,
  listStatusBatch,
} from './look.ts';
import { getFileBlockLocations, getFileChecksum, openFile } from './read.ts';
import {
  allowSnapshot,
  createSnapshot,
  deleteSnapshot,
  disallowSnapshot,
  getSnapshotDiff,
  getSnapshotList,
  getSnapshottableDirectoryList,
  renameSnapshot,
} from './snapshots.ts';
import { makeDirectories, remove, rename } from './tree.ts';
import { append, concat, create, truncate } from './write.ts';

export const operations: readonly Operation[] = [
  getFileStatus,
  getFileLinkStatus,
  listStatus,
  listStatusBatch,
  openFile,
  getContentSummary,
  getQuotaUsage,
  getFileChecksum,
  getFileBlockLocations,
  getHomeDirectory,
  getTrashRoot,
  getTrashRoots,
  getServerDefaults,
  getAclStatus,
  getXattrs,
  listXattrs,
  checkAccess,
  getSnapshotList,
  getSnapshotDiff,
  getSnapshottableDirectoryList,
  create,
  makeDirectories,
  rename,
  setPermission,
  setOwner,
  setTimes,
  setReplication,
  setQuota,
  setXattr,
  removeXattr,
  allowSnapshot,
  disallowSnapshot,
  createSnapshot,
  renameSnapshot,
  append,
  truncate,
  concat,
  remove,
  deleteSnapshot,
];

/** By their methods. */
export const unsupported = {
  GET: [
    ...['GETDELEGATIONTOKEN', 'GETALLSTORAGEPOLICY', 'GETSTORAGEPOLICY', 'GETLINKTARGET'],
    ...['GETSNAPSHOTDIFFLISTING', 'GETECPOLICY', 'GETECPOLICIES', 'GETECCODECS', 'GETSTATUS'],
    'GET_BLOCK_LOCATIONS',
  ],
  PUT: [
    ...['CREATESYMLINK', 'RENEWDELEGATIONTOKEN', 'CANCELDELEGATIONTOKEN', 'MODIFYACLENTRIES'],
    ...['REMOVEACLENTRIES', 'REMOVEDEFAULTACL', 'REMOVEACL', 'SETACL', 'SETSTORAGEPOLICY'],
    ...['SATISFYSTORAGEPOLICY', 'ENABLEECPOLICY', 'DISABLEECPOLICY', 'SETECPOLICY'],
    'SETQUOTABYSTORAGETYPE',
  ],
  POST: ['UNSETSTORAGEPOLICY', 'UNSETECPOLICY'],
  DELETE: [],
} as const satisfies Record<Operation['method'], readonly string[]>;

const byName = new Map(operations.map((row) => [`${row.method} ${row.op}`, row]));

/** @throws RemoteException IllegalArgumentException, UnsupportedOperationException */
export function operationOf(method: string, op: string | undefined): Operation {
  const name = (op ?? 'NULL').toUpperCase();
  const found = byName.get(`${method} ${name}`);
  if (found !== undefined) return found;
  const others: readonly string[] = unsupported[method as Operation['method']] ?? [];
  if (others.includes(name)) {
    throw new RemoteException('UnsupportedOperationException', `${name} is not supported`);
  }
  throw illegalParameter('op', `${name} is no operation of ${method}`);
}
