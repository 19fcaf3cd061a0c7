/** ACL categories: those a row names, and those that follow from its flags. */
import type { CommandSpec } from './spec.ts';

/** All categories, in the order in which ACL CAT tells them. */
export const ACL_CATEGORIES = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
] as const;

/** The categories of a command, in the order of the list above. */
export function categoriesOf(spec: CommandSpec): string[] {
  const found = new Set<string>(spec.acl);
  const { flags } = spec;
  if (flags.includes('write')) found.add('write');
  // What a script reads is its own affair: the _RO forms are no @read.
  if (flags.includes('readonly') && !found.has('scripting')) found.add('read');
  if (flags.includes('admin')) {
    found.add('admin');
    found.add('dangerous');
  }
  if (flags.includes('pubsub')) found.add('pubsub');
  if (flags.includes('blocking')) found.add('blocking');
  found.add(flags.includes('fast') ? 'fast' : 'slow');
  return ACL_CATEGORIES.filter((name) => found.has(name));
}
