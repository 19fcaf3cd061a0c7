/** What several forms of XINFO say in the same words. */
import type { Call } from '../../command/call.ts';
import { type Group, lagOf, type Stream, UNKNOWN } from '../../values/stream/index.ts';
import { replyId } from './common.ts';

/** The seven pairs that both forms begin with. The nodes are those of a tree with a leaf a block. */
export function replyHead(call: Call, stream: Stream): void {
  const { reply } = call;
  const blocks = stream.entries.index.size;
  reply.bulkText('length');
  reply.integer(stream.length);
  reply.bulkText('radix-tree-keys');
  reply.integer(blocks);
  reply.bulkText('radix-tree-nodes');
  reply.integer(blocks + 1);
  reply.bulkText('last-generated-id');
  replyId(reply, stream.lastId);
  reply.bulkText('max-deleted-entry-id');
  replyId(reply, stream.maxDeletedId);
  reply.bulkText('entries-added');
  reply.integer(stream.entriesAdded);
  reply.bulkText('recorded-first-entry-id');
  replyId(reply, stream.firstId);
}

/** The read counter of a group and how far it is behind. */
export function replyProgress(call: Call, stream: Stream, group: Group): void {
  const { reply } = call;
  reply.bulkText('entries-read');
  if (group.entriesRead === UNKNOWN) reply.null();
  else reply.integer(group.entriesRead);
  reply.bulkText('lag');
  const lag = lagOf(stream, group);
  if (lag === undefined) reply.null();
  else reply.integer(lag);
}
