/** Operations on the bytes of a file: reading them, their checksum, where they lie. */
import { createHash } from 'node:crypto';
import { crc32c } from '../../../core/base/index.ts';
import { FilesError } from '../../errors.ts';
import type { Extent, FileInode } from '../../namespace/inode.ts';
import { Access } from '../../namespace/permission.ts';
import type { BlockPlaces } from '../../objects/file-system.ts';
import { type Call, operation } from '../call.ts';
import { RemoteException } from '../errors.ts';
import { needFile } from '../locate.ts';
import { flag, integer } from '../parameters.ts';
import { jsonReply } from '../reply.ts';
import { isSealed } from '../status.ts';

interface OpenFile {
  readonly file: FileInode;
  readonly extents: readonly Extent[];
  close(): void;
}

/** A file that the caller may read; its bytes stay until it is closed. */
function open(call: Call): Promise<OpenFile> {
  const { files } = call;
  return files.pins.open(async () => {
    const file = await readable(call);
    const extents = await files.namespace.reader.extents(file);
    const bytes = extents.reduce((sum, { length }) => sum + length, 0);
    // It has changed, or its snapshot has gone, between the two looks.
    if (bytes !== file.size) throw new FilesError('source-changed', call.place.shown);
    files.pins.pin(extents);
    return { file, extents, close: () => files.pins.unpin(extents) };
  });
}

async function readable({ files, place, caller }: Call): Promise<FileInode> {
  const file = await needFile(files.namespace.reader, place, caller);
  caller.need(file, Access.read, place.shown);
  if (isSealed(file)) {
    throw new RemoteException(
      'IOException',
      `${place.shown} was encrypted by S3 and is read there`,
    );
  }
  return file;
}

const OFFSET = integer(0, { min: 0 });
const LENGTH = integer(undefined, { min: 0 });

function checkOffset({ place }: Call, { size }: FileInode, offset: number): void {
  if (offset === 0 || offset < size) return;
  const says = `Offset=${offset} out of the range [0, ${size}); OPEN, path=${place.shown}`;
  throw new RemoteException('IOException', says);
}

export const openFile = operation({
  op: 'OPEN',
  method: 'GET',
  parameters: {
    offset: OFFSET,
    length: LENGTH,
    buffersize: integer(undefined, { min: 1 }),
    noredirect: flag(false),
  },
  run: async (call, { offset, length }) => {
    if (!call.isDataStep) {
      checkOffset(call, await readable(call), offset);
      return call.redirect();
    }
    const { file, extents, close } = await open(call);
    try {
      checkOffset(call, file, offset);
    } catch (error) {
      close();
      throw error;
    }
    const lengthBytes = Math.min(length ?? file.size, file.size - offset);
    const pieces = call.files.read(extents, offset, offset + lengthBytes);
    const type = 'application/octet-stream';
    return { status: 200, stream: { type, lengthBytes, pieces, close } };
  },
});

const CHUNK_BYTES = 512;

export const getFileChecksum = operation({
  op: 'GETFILECHECKSUM',
  method: 'GET',
  parameters: { noredirect: flag(false) },
  run: async (call) => {
    if (!call.isDataStep) {
      await readable(call);
      return call.redirect();
    }
    const { file, extents, close } = await open(call);
    try {
      const { size, blockBytes } = file;
      if (size === 0) return jsonReply({ FileChecksum: EMPTY_CHECKSUM });
      const blocks = Math.ceil(size / blockBytes);
      const perBlock = blocks > 1 ? Math.ceil(blockBytes / CHUNK_BYTES) : 0;
      const md5 = await md5OfMd5s(call.files.read(extents, 0, size), blockBytes);
      const algorithm = `MD5-of-${perBlock}MD5-of-${CHUNK_BYTES}CRC32C`;
      return jsonReply({ FileChecksum: checksumOf(algorithm, CHUNK_BYTES, perBlock, md5) });
    } finally {
      close();
    }
  },
});

/** MD5MD5CRC32FileChecksum of Hadoop: bytes of a chunk, chunks of a block if there are several, the digest. */
function checksumOf(algorithm: string, chunkBytes: number, perBlock: number, md5: Buffer) {
  const head = Buffer.alloc(12);
  head.writeInt32BE(chunkBytes, 0);
  head.writeBigInt64BE(BigInt(perBlock), 4);
  const bytes = Buffer.concat([head, md5]);
  return { algorithm, bytes: bytes.toString('hex'), length: bytes.length };
}

/** Of a file without bytes HDFS has always said the digest of 32 zeros. */
const EMPTY_CHECKSUM = checksumOf(
  'MD5-of-0MD5-of-0CRC32',
  0,
  0,
  createHash('md5').update(Buffer.alloc(32)).digest(),
);

/**
 * HDFS's checksum of a file: MD5 of the MD5 of each block's CRC-32C of each 512 bytes. Of the content alone: blocks
 * are counted as if the file had been written at one go.
 */
export async function md5OfMd5s(
  pieces: AsyncIterable<Buffer>,
  blockBytes: number,
): Promise<Buffer> {
  const whole = createHash('md5');
  let block = createHash('md5');
  let inBlock = 0;
  let crc = 0;
  const word = Buffer.alloc(4);
  const endChunk = (): void => {
    word.writeUInt32BE(crc, 0);
    block.update(word);
    crc = 0;
  };
  const endBlock = (): void => {
    whole.update(block.digest());
    block = createHash('md5');
    inBlock = 0;
  };
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const room = Math.min(CHUNK_BYTES - (inBlock % CHUNK_BYTES), blockBytes - inBlock);
      const end = Math.min(piece.length, at + room);
      crc = crc32c(piece, at, end, crc);
      inBlock += end - at;
      at = end;
      if (inBlock % CHUNK_BYTES === 0 || inBlock === blockBytes) endChunk();
      if (inBlock === blockBytes) endBlock();
    }
  }
  if (inBlock % CHUNK_BYTES !== 0) endChunk();
  if (inBlock > 0) endBlock();
  return whole.digest();
}

export const getFileBlockLocations = operation({
  op: 'GETFILEBLOCKLOCATIONS',
  method: 'GET',
  parameters: { offset: OFFSET, length: LENGTH },
  run: async (call, { offset, length }) => {
    const { files, service, authority } = call;
    const { reader } = files.namespace;
    const file = await readable(call);
    const end = offset + (length ?? Number.MAX_SAFE_INTEGER - offset);
    const own = service.advertised ?? authority;
    const BlockLocation: object[] = [];
    let at = 0;
    for (const extent of await reader.extents(file)) {
      const from = at;
      at += extent.length;
      if (at <= offset || from >= end) continue;
      BlockLocation.push({
        cachedHosts: [],
        ...whereOf(files.places(extent), own),
        length: extent.length,
        offset: from,
      });
    }
    return jsonReply({ BlockLocations: { BlockLocation } });
  },
});

/** Hosts of all whole replicas, as HDFS tells of them. @param own what this process is reached by. */
function whereOf({ nodes, corrupt }: BlockPlaces, own: string): object {
  const places = nodes.map(({ address = own, rack = 'default-rack' }) => ({ address, rack }));
  return {
    corrupt,
    hosts: places.map(({ address }) => address.replace(/:\d+$/, '')),
    names: places.map(({ address }) => address),
    storageTypes: places.map(() => 'DISK'),
    topologyPaths: places.map(({ address, rack }) => `/${rack.replace(/^\//, '')}/${address}`),
  };
}
