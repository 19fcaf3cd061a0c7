/** Which parser reads which value type byte: the one table of them. */

import * as rdb from './constants.ts';
import { unsupported } from './fault.ts';
import { ExpiringListpackHashParser, PackedHashParser, PlainHashParser } from './hash-parser.ts';
import { IntsetReader } from './intset.ts';
import { ListParser } from './list-parser.ts';
import { ListpackReader } from './listpack-reader.ts';
import type { PackedSource } from './packed-source.ts';
import { SetParser } from './set-parser.ts';
import { StreamParser } from './stream-parser.ts';
import { StringParser } from './string-parser.ts';
import type { ValueContext, ValueParser } from './value-parser.ts';
import { ZiplistReader } from './ziplist-reader.ts';
import { ZipmapReader } from './zipmap-reader.ts';
import { ZsetParser } from './zset-parser.ts';

type Make = (context: ValueContext) => ValueParser;

const listpack = (bytes: Buffer): PackedSource => new ListpackReader(bytes);
const ziplist = (bytes: Buffer): PackedSource => new ZiplistReader(bytes);
const zipmap = (bytes: Buffer): PackedSource => new ZipmapReader(bytes);
const intset = (bytes: Buffer): PackedSource => new IntsetReader(bytes);

const PARSERS: ReadonlyMap<number, Make> = new Map<number, Make>([
  [rdb.TYPE_STRING, (c) => new StringParser(c)],
  [rdb.TYPE_LIST, (c) => new ListParser(c, 'plain')],
  [rdb.TYPE_SET, (c) => new SetParser(c, null)],
  [rdb.TYPE_ZSET, (c) => new ZsetParser(c, 'text')],
  [rdb.TYPE_HASH, (c) => new PlainHashParser(c, 'none')],
  [rdb.TYPE_ZSET_2, (c) => new ZsetParser(c, 'binary')],
  [rdb.TYPE_HASH_ZIPMAP, (c) => new PackedHashParser(c, zipmap)],
  [rdb.TYPE_LIST_ZIPLIST, (c) => new ListParser(c, 'ziplist')],
  [rdb.TYPE_SET_INTSET, (c) => new SetParser(c, intset)],
  [rdb.TYPE_ZSET_ZIPLIST, (c) => new ZsetParser(c, ziplist)],
  [rdb.TYPE_HASH_ZIPLIST, (c) => new PackedHashParser(c, ziplist)],
  [rdb.TYPE_LIST_QUICKLIST, (c) => new ListParser(c, 'quicklist')],
  [rdb.TYPE_STREAM_LISTPACKS, (c) => new StreamParser(c, 1)],
  [rdb.TYPE_HASH_LISTPACK, (c) => new PackedHashParser(c, listpack)],
  [rdb.TYPE_ZSET_LISTPACK, (c) => new ZsetParser(c, listpack)],
  [rdb.TYPE_LIST_QUICKLIST_2, (c) => new ListParser(c, 'quicklist2')],
  [rdb.TYPE_STREAM_LISTPACKS_2, (c) => new StreamParser(c, 2)],
  [rdb.TYPE_SET_LISTPACK, (c) => new SetParser(c, listpack)],
  [rdb.TYPE_STREAM_LISTPACKS_3, (c) => new StreamParser(c, 3)],
  [rdb.TYPE_HASH_METADATA_PRE_GA, (c) => new PlainHashParser(c, 'absolute')],
  [rdb.TYPE_HASH_LISTPACK_EX_PRE_GA, (c) => new ExpiringListpackHashParser(c, 'absolute')],
  [rdb.TYPE_HASH_METADATA, (c) => new PlainHashParser(c, 'relative')],
  [rdb.TYPE_HASH_LISTPACK_EX, (c) => new ExpiringListpackHashParser(c, 'relative')],
]);

/** All value types that are read. */
export const READABLE_TYPES: readonly number[] = [...PARSERS.keys()];

/** The parser for a value of `type`. Stops the reader if there is none. */
export function parserFor(type: number, context: ValueContext): ValueParser {
  const make = PARSERS.get(type);
  if (make !== undefined) return make(context);
  if (type === rdb.TYPE_MODULE_PRE_GA || type === rdb.TYPE_MODULE_2) {
    return unsupported('module value');
  }
  return unsupported('unknown value type');
}
