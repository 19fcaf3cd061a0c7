/** Operations that look at the namespace: statuses, lists, summaries, access. */
import { showPath } from '../../namespace/chain.ts';
import { Access } from '../../namespace/permission.ts';
import { type Call, operation } from '../call.ts';
import { children } from '../children.ts';
import { noFile } from '../errors.ts';
import { find, need, tallyOf } from '../locate.ts';
import { flag, required, text } from '../parameters.ts';
import { jsonReply, OK, type Reply } from '../reply.ts';
import { type FileStatus, modeText, statusOf } from '../status.ts';
import { trashOf, trashOwners } from '../trash.ts';

/** Rows of a page of LISTSTATUS_BATCH, as HDFS has it (dfs.ls.limit). */
const PAGE_ROWS = 1000;
const PIECE_CHARACTERS = 65_536;

async function ownStatus({ files, place, caller }: Call): Promise<FileStatus> {
  const { reader } = files.namespace;
  const found = await need(reader, place, caller);
  const tally = found.kind === 'directory' ? await tallyOf(reader, found) : undefined;
  return statusOf(found.inode, '', tally);
}

export const getFileStatus = operation({
  op: 'GETFILESTATUS',
  method: 'GET',
  parameters: {},
  run: async (call) => jsonReply({ FileStatus: await ownStatus(call) }),
});

/** There are no links, so a link's status is that of what it would be. */
export const getFileLinkStatus = operation({
  op: 'GETFILELINKSTATUS',
  method: 'GET',
  parameters: {},
  run: async (call) => jsonReply({ FileStatus: await ownStatus(call) }),
});

export const listStatus = operation({
  op: 'LISTSTATUS',
  method: 'GET',
  parameters: {},
  run: async (call) => {
    const { files, place, caller } = call;
    const { reader } = files.namespace;
    const found = await need(reader, place, caller);
    if (found.kind === 'file') {
      return jsonReply({ FileStatuses: { FileStatus: [statusOf(found.inode, '', undefined)] } });
    }
    caller.need(found.inode, Access.read | Access.execute, place.shown);
    const snapshot = reader.snapshot();
    return {
      status: 200,
      stream: {
        type: 'application/json',
        pieces: listText(children(reader, found, snapshot, '')),
        close: () => snapshot.release(),
      },
    } satisfies Reply;
  },
});

async function* listText(rows: AsyncIterable<FileStatus>): AsyncGenerator<Buffer> {
  let piece = '{"FileStatuses":{"FileStatus":[';
  let between = '\n';
  for await (const row of rows) {
    piece += between + JSON.stringify(row);
    between = ',\n';
    if (piece.length < PIECE_CHARACTERS) continue;
    yield Buffer.from(piece);
    piece = '';
  }
  yield Buffer.from(`${piece}\n]}}`);
}

export const listStatusBatch = operation({
  op: 'LISTSTATUS_BATCH',
  method: 'GET',
  parameters: { startafter: text() },
  run: async (call, { startafter = '' }) => {
    const { files, place, caller } = call;
    const { reader } = files.namespace;
    const found = await need(reader, place, caller);
    if (found.kind === 'file') return page([statusOf(found.inode, '', undefined)], 0);
    caller.need(found.inode, Access.read | Access.execute, place.shown);
    const snapshot = reader.snapshot();
    try {
      const rows: FileStatus[] = [];
      for await (const row of children(reader, found, snapshot, startafter)) {
        if (rows.length === PAGE_ROWS) {
          // How many there are in all is known, not how many were before: it is told too high, never too low.
          const tally = await tallyOf(reader, found);
          return page(rows, Math.max(1, tally.children - PAGE_ROWS));
        }
        rows.push(row);
      }
      return page(rows, 0);
    } finally {
      snapshot.release();
    }
  },
});

function page(rows: readonly FileStatus[], remainingEntries: number): Reply {
  const partialListing = { FileStatuses: { FileStatus: rows } };
  return jsonReply({ DirectoryListing: { partialListing, remainingEntries } });
}

interface Usage {
  readonly directories: number;
  readonly files: number;
  readonly bytes: number;
  readonly space: number;
  /** -1: none. */
  readonly quota: number;
  readonly spaceQuota: number;
}

async function usage({ files, place, caller }: Call): Promise<Usage> {
  const { reader } = files.namespace;
  const found = await need(reader, place, caller);
  const { kind, inode } = found;
  const none = { quota: -1, spaceQuota: -1 };
  if (kind === 'file') {
    const { size, replication } = inode;
    return { directories: 0, files: 1, bytes: size, space: size * replication, ...none };
  }
  caller.need(inode, Access.read | Access.execute, place.shown);
  const tally = await tallyOf(reader, found);
  return {
    directories: tally.directories + 1,
    files: tally.files,
    bytes: tally.bytes,
    space: tally.space,
    quota: inode.namesMax ?? -1,
    spaceQuota: inode.spaceMax ?? -1,
  };
}

export const getContentSummary = operation({
  op: 'GETCONTENTSUMMARY',
  method: 'GET',
  parameters: {},
  run: async (call) => {
    const { directories, files, bytes, space, quota, spaceQuota } = await usage(call);
    return jsonReply({
      ContentSummary: {
        directoryCount: directories,
        ecPolicy: 'Replicated',
        fileCount: files,
        length: bytes,
        quota,
        snapshotDirectoryCount: 0,
        snapshotFileCount: 0,
        snapshotLength: 0,
        snapshotSpaceConsumed: 0,
        spaceConsumed: space,
        spaceQuota,
        typeQuota: {},
      },
    });
  },
});

export const getQuotaUsage = operation({
  op: 'GETQUOTAUSAGE',
  method: 'GET',
  parameters: {},
  run: async (call) => {
    const { directories, files, space, quota, spaceQuota } = await usage(call);
    return jsonReply({
      QuotaUsage: {
        fileAndDirectoryCount: directories + files,
        quota,
        spaceConsumed: space,
        spaceQuota,
        typeQuota: {},
      },
    });
  },
});

const BITS = { r: Access.read, w: Access.write, x: Access.execute, '-': 0 } as const;

export const checkAccess = operation({
  op: 'CHECKACCESS',
  method: 'GET',
  parameters: { fsaction: required(text(/^[r-][w-][x-]$/)) },
  run: async ({ files, place, caller }, { fsaction }) => {
    const { inode } = await need(files.namespace.reader, place, caller);
    let access = 0;
    for (const letter of fsaction) access |= BITS[letter as keyof typeof BITS];
    caller.need(inode, access, place.shown);
    return OK;
  },
});

/** There are no lists of access rules beyond owner, group and others. */
export const getAclStatus = operation({
  op: 'GETACLSTATUS',
  method: 'GET',
  parameters: {},
  run: async ({ files, place, caller }) => {
    const found = await find(files.namespace.reader, place, caller);
    if (found === undefined) throw noFile(place.shown);
    const { owner, group, permission } = found.inode;
    return jsonReply({
      AclStatus: {
        entries: [],
        group,
        owner,
        permission: modeText(permission),
        stickyBit: (permission & 0o1000) !== 0,
      },
    });
  },
});

export const getHomeDirectory = operation({
  op: 'GETHOMEDIRECTORY',
  method: 'GET',
  parameters: {},
  run: ({ caller }) => jsonReply({ Path: `/user/${caller.user}` }),
});

export const getTrashRoot = operation({
  op: 'GETTRASHROOT',
  method: 'GET',
  parameters: {},
  run: ({ caller }) => jsonReply({ Path: showPath(trashOf(caller.user)) }),
});

/** Of the caller, or with `allusers` of everybody whose trash the caller may look at. */
export const getTrashRoots = operation({
  op: 'GETTRASHROOTS',
  method: 'GET',
  parameters: { allusers: flag(false) },
  run: async ({ files, caller }, { allusers }) => {
    const { reader } = files.namespace;
    const users = allusers ? await trashOwners(reader) : [caller.user];
    const Paths: object[] = [];
    for (const user of users) {
      const inode = await reader.directory(trashOf(user));
      if (inode === null || !caller.may(inode, Access.read | Access.execute)) continue;
      const path = showPath(trashOf(user));
      Paths.push({ ...statusOf(inode, '', await reader.tally(inode.id)), path });
    }
    return jsonReply({ Paths });
  },
});

export const getServerDefaults = operation({
  op: 'GETSERVERDEFAULTS',
  method: 'GET',
  parameters: {},
  run: ({ files, service }) =>
    jsonReply({
      FsServerDefaults: {
        blockSize: files.blockBytes,
        bytesPerChecksum: 512,
        // CRC-32C, DataChecksum of Hadoop.
        checksumType: 2,
        defaultStoragePolicyId: 0,
        encryptDataTransfer: false,
        fileBufferSize: 4096,
        keyProviderUri: '',
        replication: files.replication,
        trashInterval: service.trash.minutes,
        writePacketSize: 65_536,
      },
    }),
});
