/** The full form of XINFO STREAM: entries, groups, consumers and what is pending. */
import type { Call } from '../../command/call.ts';
import {
  type Consumer,
  EntryCursor,
  EntryId,
  type Group,
  type Stream,
} from '../../values/stream/index.ts';
import { MAX_ID, replyEntries, replyId, replyName, ZERO_ID } from './common.ts';
import { replyHead, replyProgress } from './info-parts.ts';

const cursor = new EntryCursor();
const id = new EntryId();

/** `count`: entries and pending entries of each list at most, 0 for all. */
export function fullInfo(call: Call, stream: Stream, count: number): void {
  const { reply } = call;
  reply.map(9);
  replyHead(call, stream);
  reply.bulkText('entries');
  cursor.begin(stream.entries, ZERO_ID, MAX_ID);
  replyEntries(reply, cursor, count);
  reply.bulkText('groups');
  reply.array(stream.groups.size);
  for (const group of stream.sortedGroups()) groupInfo(call, stream, group, count);
}

function groupInfo(call: Call, stream: Stream, group: Group, countMax: number): void {
  const { reply } = call;
  const { pending } = group;
  reply.map(7);
  reply.bulkText('name');
  replyName(reply, group.name);
  reply.bulkText('last-delivered-id');
  replyId(reply, group.lastId);
  replyProgress(call, stream, group);
  reply.bulkText('pel-count');
  reply.integer(pending.size);
  reply.bulkText('pending');
  reply.array(limited(pending.size, countMax));
  let left = limited(pending.size, countMax);
  for (let more = pending.toFirst(); more && left > 0; more = pending.next(), left--) {
    reply.array(4);
    replyId(reply, id.read(pending.words, pending.w));
    replyName(reply, group.consumer.name);
    reply.integer(group.deliveredMs);
    reply.integer(group.deliveries);
  }
  reply.bulkText('consumers');
  reply.array(group.consumers.size);
  for (const consumer of group.sortedConsumers()) consumerInfo(call, group, consumer, countMax);
}

function consumerInfo(call: Call, group: Group, consumer: Consumer, countMax: number): void {
  const { reply } = call;
  const { pending } = consumer;
  reply.map(5);
  reply.bulkText('name');
  replyName(reply, consumer.name);
  reply.bulkText('seen-time');
  reply.integer(consumer.seenMs);
  reply.bulkText('active-time');
  reply.integer(consumer.activeMs);
  reply.bulkText('pel-count');
  reply.integer(pending.size);
  reply.bulkText('pending');
  let left = limited(pending.size, countMax);
  reply.array(left);
  for (let more = pending.toFirst(); more && left > 0; more = pending.next(), left--) {
    group.pending.find(id.read(pending.words, pending.w));
    reply.array(3);
    replyId(reply, id);
    reply.integer(group.deliveredMs);
    reply.integer(group.deliveries);
  }
}

function limited(size: number, countMax: number): number {
  return countMax === 0 ? size : Math.min(size, countMax);
}
