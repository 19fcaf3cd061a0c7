/**
 * Classes of keyspace notifications, by the letters of `notify-keyspace-events`
 * (https://redis.io/docs/latest/develop/use/keyspace-notifications/).
 */
export const Notify = {
  keyspace: 1 << 0,
  keyevent: 1 << 1,
  generic: 1 << 2,
  string: 1 << 3,
  list: 1 << 4,
  set: 1 << 5,
  hash: 1 << 6,
  zset: 1 << 7,
  expired: 1 << 8,
  evicted: 1 << 9,
  stream: 1 << 10,
  keyMiss: 1 << 11,
  module: 1 << 12,
  new: 1 << 13,
} as const;

/** A class bit of `Notify`. */
export type NotifyClass = number;
