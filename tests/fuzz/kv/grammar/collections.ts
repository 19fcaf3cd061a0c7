/** Hashes, lists and sets. */
export const hashes: readonly string[] = [
  '6 HSET {hkey} ({member} {value})+',
  'HMSET {hkey} ({member} {value})+',
  'HSETNX {hkey} {member} {value}',
  '3 HGET {hkey} {member}',
  '2 HMGET {hkey} ({member})+',
  '2 HGETALL {hkey}',
  '(HKEYS | HVALS | HLEN) {hkey}',
  'HSTRLEN {hkey} {member}',
  'HEXISTS {hkey} {member}',
  '3 HDEL {hkey} ({member})+',
  '2 HINCRBY {hkey} {member} {incr}',
  '2 HINCRBYFLOAT {hkey} {member} {float}',
  'HRANDFIELD {hkey} [{signed} [WITHVALUES]]',
  '2 HSCAN {hkey} 0 COUNT 100000 [MATCH {pattern}]',
];

export const lists: readonly string[] = [
  '6 (LPUSH | RPUSH) {lkey} ({value})+',
  '(LPUSHX | RPUSHX) {lkey} ({value})+',
  '3 (LPOP | RPOP) {lkey} [{count}]',
  'LLEN {lkey}',
  '3 LRANGE {lkey} {index} {index}',
  '2 LINDEX {lkey} {index}',
  '2 LSET {lkey} {index} {value}',
  '2 LINSERT {lkey} (BEFORE | AFTER | nope) {value} {value}',
  '2 LREM {lkey} {signed} {value}',
  '2 LTRIM {lkey} {index} {index}',
  '3 LPOS {lkey} {value} [RANK {signed}] [COUNT {signed}] [MAXLEN {signed}]',
  '2 LMOVE {lkey} {lkey} (LEFT | RIGHT | nope) (LEFT | RIGHT)',
  'RPOPLPUSH {lkey} {lkey}',
  '2 LMPOP {lkeys} (LEFT | RIGHT) [COUNT {signed}]',
];

/** Run only inside of a transaction or script, where they never wait. */
export const blocking: readonly string[] = [
  '2 (BLPOP | BRPOP) ({lkey})+ {count}',
  'BLMOVE {lkey} {lkey} (LEFT | RIGHT) (LEFT | RIGHT) {count}',
  'BRPOPLPUSH {lkey} {lkey} {count}',
  '2 BLMPOP {count} {lkeys} (LEFT | RIGHT) [COUNT {signed}]',
  '(BZPOPMIN | BZPOPMAX) ({zkey})+ {count}',
  '2 BZMPOP {count} {zkeys} (MIN | MAX) [COUNT {signed}]',
];

export const sets: readonly string[] = [
  '6 SADD {tkey} ({member})+',
  '2 SADD {tkey} ({int})+',
  '3 SREM {tkey} ({member})+',
  '2 SISMEMBER {tkey} {member}',
  'SMISMEMBER {tkey} ({member})+',
  '2 SMEMBERS {tkey}',
  'SCARD {tkey}',
  'SRANDMEMBER {tkey} [{signed}]',
  '2 SMOVE {tkey} {tkey} {member}',
  '3 (SINTER | SUNION | SDIFF) ({tkey})+',
  '3 (SINTERSTORE | SUNIONSTORE | SDIFFSTORE) {tkey} ({tkey})+',
  '2 SINTERCARD {tkeys} [LIMIT {signed}]',
  '2 SSCAN {tkey} 0 COUNT 100000 [MATCH {pattern}]',
];
