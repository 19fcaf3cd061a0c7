/**
 * What the door answers instead of a result: exceptions by the names of Hadoop, which clients know.
 *
 * WebHDFS, "Error Responses": https://hadoop.apache.org/docs/r3.3.6/hadoop-project-dist/hadoop-hdfs/WebHDFS.html
 */
import { FilesError, type FilesErrorCode } from '../errors.ts';

/** Name of the class: its package and the status that goes with it. */
export const exceptionTable = {
  IllegalArgumentException: { in: 'java.lang', status: 400 },
  UnsupportedOperationException: { in: 'java.lang', status: 400 },
  HadoopIllegalArgumentException: { in: 'org.apache.hadoop', status: 400 },
  InvalidPathException: { in: 'org.apache.hadoop.fs', status: 400 },
  SecurityException: { in: 'java.lang', status: 401 },
  AuthorizationException: { in: 'org.apache.hadoop.security.authorize', status: 403 },
  AccessControlException: { in: 'org.apache.hadoop.security', status: 403 },
  IOException: { in: 'java.io', status: 403 },
  FileAlreadyExistsException: { in: 'org.apache.hadoop.fs', status: 403 },
  ParentNotDirectoryException: { in: 'org.apache.hadoop.fs', status: 403 },
  PathIsNotEmptyDirectoryException: { in: 'org.apache.hadoop.fs', status: 403 },
  ChecksumException: { in: 'org.apache.hadoop.fs', status: 403 },
  SnapshotException: { in: 'org.apache.hadoop.hdfs.protocol', status: 403 },
  SnapshotAccessControlException: { in: 'org.apache.hadoop.hdfs.protocol', status: 403 },
  AlreadyBeingCreatedException: { in: 'org.apache.hadoop.hdfs.protocol', status: 403 },
  NSQuotaExceededException: { in: 'org.apache.hadoop.hdfs.protocol', status: 403 },
  DSQuotaExceededException: { in: 'org.apache.hadoop.hdfs.protocol', status: 403 },
  PathComponentTooLongException: {
    in: 'org.apache.hadoop.hdfs.protocol.FSLimitException$',
    status: 403,
  },
  RetriableException: { in: 'org.apache.hadoop.ipc', status: 403 },
  FileNotFoundException: { in: 'java.io', status: 404 },
} as const satisfies Record<string, { in: string; status: number }>;

export type ExceptionName = keyof typeof exceptionTable;

export class RemoteException extends Error {
  override readonly name = 'RemoteException';
  readonly exception: ExceptionName;

  constructor(exception: ExceptionName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exception = exception;
  }

  get status(): number {
    return exceptionTable[this.exception].status;
  }

  /** The body of the answer. */
  get json(): string {
    const { exception, message } = this;
    const { in: home } = exceptionTable[exception];
    const javaClassName = home.endsWith('$') ? `${home}${exception}` : `${home}.${exception}`;
    return JSON.stringify({ RemoteException: { exception, javaClassName, message } });
  }
}

export function noFile(path: string): RemoteException {
  return new RemoteException('FileNotFoundException', `File does not exist: ${path}`);
}

export function illegalParameter(name: string, why: string): RemoteException {
  const message = `Invalid value for webhdfs parameter "${name}": ${why}`;
  return new RemoteException('IllegalArgumentException', message);
}

export function denied(why: string): RemoteException {
  return new RemoteException('AccessControlException', `Permission denied: ${why}`);
}

const BY_CODE = {
  'not-found': 'FileNotFoundException',
  'not-a-directory': 'ParentNotDirectoryException',
  'is-a-directory': 'FileAlreadyExistsException',
  exists: 'FileAlreadyExistsException',
  'not-empty': 'PathIsNotEmptyDirectoryException',
  'bad-name': 'InvalidPathException',
  'name-too-long': 'PathComponentTooLongException',
  'too-deep': 'InvalidPathException',
  snapshot: 'SnapshotException',
  'into-itself': 'IOException',
  'permission-denied': 'AccessControlException',
  'names-quota': 'NSQuotaExceededException',
  'space-quota': 'DSQuotaExceededException',
  'condition-failed': 'IOException',
  'lease-held': 'AlreadyBeingCreatedException',
  'lease-lost': 'IOException',
  'no-upload': 'IOException',
  'no-part': 'IOException',
  'no-version': 'IOException',
  'source-changed': 'RetriableException',
  'too-many-extents': 'IOException',
  'disk-full': 'IOException',
  io: 'IOException',
  corrupt: 'ChecksumException',
  missing: 'IOException',
  foreign: 'IOException',
  'in-use': 'IOException',
  'no-nodes': 'RetriableException',
  'no-replica': 'RetriableException',
  'node-gone': 'RetriableException',
  untrusted: 'IOException',
  busy: 'RetriableException',
  closed: 'RetriableException',
} as const satisfies Record<FilesErrorCode, ExceptionName>;

/** A refusal or failure of the file system, about the path that was asked for. Bugs stay what they are. */
export function remoteOf(error: unknown, path: string): unknown {
  if (!(error instanceof FilesError)) return error;
  if (error.code === 'not-found') return noFile(path);
  const says =
    error.code === 'permission-denied' ? `Permission denied: ${error.message}` : error.message;
  return new RemoteException(BY_CODE[error.code], says, { cause: error });
}
