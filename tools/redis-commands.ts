/**
 * The commands of Redis 7.2, for the table of compatibility in docs/commands.md: one a line, with its
 * subcommands (https://redis.io/docs/latest/commands/).
 */
const LIST = `
acl: cat deluser dryrun genpass getuser help list load log save setuser users whoami
append
asking
auth
bgrewriteaof
bgsave
bitcount
bitfield
bitfield_ro
bitop
bitpos
blmove
blmpop
blpop
brpop
brpoplpush
bzmpop
bzpopmax
bzpopmin
client: caching getname getredir help id info kill list no-evict no-touch pause reply setinfo setname tracking trackinginfo unblock unpause
cluster: addslots addslotsrange bumpepoch count-failure-reports countkeysinslot delslots delslotsrange failover flushslots forget getkeysinslot help info keyslot links meet myid myshardid nodes replicas replicate reset saveconfig set-config-epoch setslot shards slaves slots
command: count docs getkeys getkeysandflags help info list
config: get help resetstat rewrite set
copy
dbsize
debug
decr
decrby
del
discard
dump
echo
eval
eval_ro
evalsha
evalsha_ro
exec
exists
expire
expireat
expiretime
failover
fcall
fcall_ro
flushall
flushdb
function: delete dump flush help kill list load restore stats
geoadd
geodist
geohash
geopos
georadius
georadius_ro
georadiusbymember
georadiusbymember_ro
geosearch
geosearchstore
get
getbit
getdel
getex
getrange
getset
hdel
hello
hexists
hget
hgetall
hincrby
hincrbyfloat
hkeys
hlen
hmget
hmset
hrandfield
hscan
hset
hsetnx
hstrlen
hvals
incr
incrby
incrbyfloat
info
keys
lastsave
latency: doctor graph help histogram history latest reset
lcs
lindex
linsert
llen
lmove
lmpop
lolwut
lpop
lpos
lpush
lpushx
lrange
lrem
lset
ltrim
memory: doctor help malloc-stats purge stats usage
mget
migrate
module: help list load loadex unload
monitor
move
mset
msetnx
multi
object: encoding freq help idletime refcount
persist
pexpire
pexpireat
pexpiretime
pfadd
pfcount
pfdebug
pfmerge
pfselftest
ping
psetex
psubscribe
psync
pttl
publish
pubsub: channels help numpat numsub shardchannels shardnumsub
punsubscribe
quit
randomkey
readonly
readwrite
rename
renamenx
replconf
replicaof
reset
restore
restore-asking
role
rpop
rpoplpush
rpush
rpushx
sadd
save
scan
scard
script: debug exists flush help kill load
sdiff
sdiffstore
select
set
setbit
setex
setnx
setrange
shutdown
sinter
sintercard
sinterstore
sismember
slaveof
slowlog: get help len reset
smembers
smismember
smove
sort
sort_ro
spop
spublish
srandmember
srem
sscan
ssubscribe
strlen
subscribe
substr
sunion
sunionstore
sunsubscribe
swapdb
sync
time
touch
ttl
type
unlink
unsubscribe
unwatch
wait
waitaof
watch
xack
xadd
xautoclaim
xclaim
xdel
xgroup: create createconsumer delconsumer destroy help setid
xinfo: consumers groups help stream
xlen
xpending
xrange
xread
xreadgroup
xrevrange
xsetid
xtrim
zadd
zcard
zcount
zdiff
zdiffstore
zincrby
zinter
zintercard
zinterstore
zlexcount
zmpop
zmscore
zpopmax
zpopmin
zrandmember
zrange
zrangebylex
zrangebyscore
zrangestore
zrank
zrem
zremrangebylex
zremrangebyrank
zremrangebyscore
zrevrange
zrevrangebylex
zrevrangebyscore
zrevrank
zscan
zscore
zunion
zunionstore
`;

/** Full names: `get`, `config|set`. */
export const redisCommands: readonly string[] = LIST.trim()
  .split('\n')
  .flatMap((line) => {
    const [name = '', subcommands = ''] = line.split(': ');
    const words = subcommands === '' ? [] : subcommands.split(' ');
    return [name, ...words.map((word) => `${name}|${word}`)];
  });

/** Why a command of Redis 7.2 is not there, by its name or that of its container. */
export const missingBecause: Readonly<Record<string, string>> = {};

/** Commands that are there and differ from Redis, and how. */
export const differences: Readonly<Record<string, string>> = {
  bgsave: 'Starts a checkpoint: no fork, and the log is cut behind it. The file is no RDB file.',
  bgrewriteaof: 'The same as BGSAVE: a checkpoint is what keeps the log short.',
  save: 'Only the client that asked waits for the checkpoint; others are served meanwhile.',
  'config|get':
    'Shows the settings of [settings.md](settings.md), which names those without effect.',
  'config|set':
    'As CONFIG GET. `appendonly`, `dir`, `port`, `bind` and the like are set in plinth.yaml.',
  shutdown:
    'Always stops in order. SAVE, NOSAVE, NOW and FORCE make no difference, since the log has every write; there is nothing to ABORT.',
  migrate:
    'Others are served meanwhile, and what they change of the keys under way is sent again. Refused in transactions and scripts, which can not wait.',
  replicaof: 'NO ONE is accepted; a host is refused: this version runs on one node.',
  slaveof: 'As REPLICAOF.',
  wait: 'There are no replicas: more than 0 waits for the time given and returns 0.',
  waitaof: 'Waits for the log of this node; replicas as in WAIT.',
  flushall: 'ASYNC and SYNC are the same: memory is always given back in slices.',
  flushdb: 'As FLUSHALL.',
  debug:
    'The subcommands that look into the memory of Redis are accepted and do nothing, or are not there.',
  info: 'Fields of forks, replicas, defragmentation and modules are 0; used_memory counts keys and values, not the process.',
  lolwut: 'Has one picture of its own.',
  'script|debug': 'There is no debugger.',
  set: 'A time to live that has passed removes the key at once (event `del`); Redis sets it and lets it expire.',
  'latency|doctor': 'Has sentences of its own.',
  'latency|histogram': 'The bounds of its buckets are not powers of two.',
  'memory|doctor': 'Has sentences of its own.',
};
