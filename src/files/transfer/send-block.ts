/** Sends a whole block that is here to a DataNode. */
import type { BlockName } from '../blocks/format.ts';
import { FilesError } from '../errors.ts';
import { packedBytesMax } from '../limits.ts';
import { bodyOf } from './body.ts';
import type { ChainWrite } from './chain-write.ts';
import type { DataClient } from './data-client.ts';

/** Bytes that may be under way without having been acknowledged. */
const AHEAD_BYTES_MAX = 4 * 1024 * 1024;

/**
 * @param pieces its data; each piece but the last has a whole number of chunks.
 * @throws FilesError of the source, of the target, 'node-gone'.
 */
export async function sendBlock(
  client: DataClient,
  address: string,
  { block, stamp, length }: BlockName & { readonly length: number },
  pieces: AsyncIterable<Buffer>,
): Promise<void> {
  const name = { block, stamp };
  if (length <= packedBytesMax) {
    const parts: Buffer[] = [];
    for await (const piece of pieces) parts.push(Buffer.from(piece));
    await client.put(address, name, Buffer.concat(parts));
    return;
  }
  const write = await client.write(address, { ...name, bytesMax: length, rest: [] });
  let at = 0;
  try {
    for await (const piece of pieces) {
      await write.send(at, piece.length, bodyOf({ block, offset: at }, piece));
      at += piece.length;
      await ackedTo(write, at - AHEAD_BYTES_MAX);
    }
    const [isDurable] = await write.end(length);
    if (isDurable !== true) throw new FilesError('io', `block ${block} on ${address}`);
  } catch (error) {
    write.abort();
    throw error;
  }
}

async function ackedTo(write: ChainWrite, offset: number): Promise<void> {
  while (write.acked < offset) {
    if (write.failure !== undefined) throw write.failure;
    await new Promise<void>((resolve) => {
      write.onProgress = resolve;
    });
  }
  if (write.failure !== undefined) throw write.failure;
}
