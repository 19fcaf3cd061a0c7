"""Debian's python3-redis over the broad surface of commands: asserts, then prints 'all right'.

Usage: redis-py.py HOST PORT
"""
import sys
import threading
import time
import redis

host, port = sys.argv[1], int(sys.argv[2])
r = redis.Redis(host=host, port=port, decode_responses=True)
raw = redis.Redis(host=host, port=port)


def eq(got, wanted):
    if got != wanted:
        raise AssertionError(f"wanted {wanted!r}, met {got!r}")


def fails(text, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except redis.RedisError as error:
        if text not in str(error):
            raise AssertionError(f"wanted an error with {text!r}, met {error!r}")
        return
    raise AssertionError(f"wanted an error with {text!r}, met none")


def strings():
    eq(r.set("s", "v"), True)
    eq(r.get("s"), "v")
    eq(r.set("s", "w", nx=True), None)
    eq(r.set("s", "w", xx=True, get=True), "v")
    eq(r.set("s", "x", ex=100), True)
    eq(r.ttl("s"), 100)
    eq(r.set("s", "x", keepttl=True), True)
    eq(r.ttl("s") > 0, True)
    eq(r.getex("s", persist=True), "x")
    eq(r.ttl("s"), -1)
    eq(r.append("s", "yz"), 3)
    eq(r.strlen("s"), 3)
    eq(r.getrange("s", 1, -1), "yz")
    eq(r.setrange("s", 5, "!"), 6)
    eq(raw.get("s"), b"xyz\x00\x00!")
    eq(r.getdel("s"), "xyz\x00\x00!")
    eq(r.incr("n"), 1)
    eq(r.incrby("n", 41), 42)
    eq(r.decr("n", 2), 40)
    eq(r.incrbyfloat("n", 0.5), 40.5)
    fails("not an integer", r.incr, "n")
    eq(r.mset({"a": 1, "b": 2}), True)
    eq(r.msetnx({"b": 1, "c": 2}), False)
    eq(r.mget("a", "b", "c"), ["1", "2", None])
    eq(r.setnx("a", 5), False)
    eq(r.setex("e", 50, "v"), True)
    eq(r.psetex("e", 50000, "v"), True)
    eq(r.getset("a", "9"), "1")
    r.mset({"l1": "ohmytext", "l2": "mynewtext"})
    eq(r.lcs("l1", "l2"), "mytext")
    eq(r.lcs("l1", "l2", len=True), 6)
    eq(raw.set("bin", bytes(range(256))), True)
    eq(raw.get("bin"), bytes(range(256)))


def bits():
    eq(r.setbit("b", 7, 1), 0)
    eq(r.getbit("b", 7), 1)
    eq(r.bitcount("b"), 1)
    eq(r.bitcount("b", 0, 5, "BIT"), 0)
    eq(r.bitpos("b", 1), 7)
    r.set("b2", "\x0f")
    eq(r.bitop("OR", "b3", "b", "b2"), 1)
    eq(r.bitcount("b3"), 4)
    eq(r.bitfield("f").set("u8", 0, 255).incrby("u8", 0, 10).get("u4", 0).execute(), [0, 9, 0])
    eq(r.bitfield("f", default_overflow="SAT").incrby("u8", 0, 255).execute(), [255])


def keys():
    r.set("k", "v")
    eq(r.exists("k", "none", "k"), 2)
    eq(r.type("k"), "string")
    eq(r.expire("k", 100), True)
    eq(r.expire("k", 50, gt=True), False)
    eq(r.expireat("k", 2_000_000_000), True)
    eq(r.expiretime("k"), 2_000_000_000)
    eq(r.pexpireat("k", 2_000_000_000_123), True)
    eq(r.pexpiretime("k"), 2_000_000_000_123)
    eq(r.persist("k"), True)
    eq(r.rename("k", "k2"), True)
    fails("no such key", r.rename, "k", "k3")
    eq(r.renamenx("k2", "k"), True)
    eq(r.copy("k", "copied"), True)
    eq(r.touch("k", "copied"), 2)
    eq(r.object("encoding", "k"), "embstr")
    dump = raw.dump("k")
    eq(raw.restore("restored", 0, dump), b"OK")
    eq(r.get("restored"), "v")
    fails("BUSYKEY", raw.restore, "restored", 0, dump)
    fails("DUMP payload version or checksum", raw.restore, "bad", 0, b"nonsense")
    eq(r.unlink("k", "copied"), 2)
    eq(r.randomkey(), "restored")
    eq(r.dbsize(), 1)
    r.rpush("sorted", 3, 1, 2)
    r.mset({"w1": 30, "w2": 20, "w3": 10, "o1": "a", "o2": "b", "o3": "c"})
    eq(r.sort("sorted", desc=True), ["3", "2", "1"])
    eq(r.sort("sorted", by="w*", get=["o*", "#"], groups=True), [("c", "3"), ("b", "2"), ("a", "1")])
    eq(r.sort("sorted", store="out", start=0, num=2), 2)
    eq(r.lrange("out", 0, -1), ["1", "2"])
    for index in range(500):
        r.set(f"scan:{index}", index)
    eq(len(set(r.scan_iter("scan:*", count=37))), 500)
    eq(set(r.scan_iter(_type="list")), {"sorted", "out"})
    eq(len(r.keys("scan:4*")), 111)
    eq(r.move("out", 5), True)
    other = redis.Redis(host=host, port=port, db=5, decode_responses=True)
    eq(other.lrange("out", 0, -1), ["1", "2"])
    eq(r.swapdb(0, 5), True)
    eq(r.keys("*"), ["out"])
    eq(r.swapdb(0, 5), True)
    other.flushdb()


def hashes():
    eq(r.hset("h", mapping={"a": 1, "b": "x"}), 2)
    eq(r.hset("h", "c", 3), 1)
    eq(r.hget("h", "a"), "1")
    eq(r.hmget("h", "a", "z"), ["1", None])
    eq(r.hgetall("h"), {"a": "1", "b": "x", "c": "3"})
    eq(r.hincrby("h", "a", 4), 5)
    eq(r.hincrbyfloat("h", "a", 0.25), 5.25)
    fails("hash value is not an integer", r.hincrby, "h", "b", 1)
    eq(r.hexists("h", "a"), True)
    eq(r.hlen("h"), 3)
    eq(r.hstrlen("h", "b"), 1)
    eq(sorted(r.hkeys("h")), ["a", "b", "c"])
    eq(sorted(r.hvals("h")), ["3", "5.25", "x"])
    eq(r.hsetnx("h", "a", 1), 0)
    eq(r.hrandfield("h") in ("a", "b", "c"), True)
    eq(len(r.hrandfield("h", -10)), 10)
    eq(r.hdel("h", "a", "none"), 1)
    eq(dict(r.hscan_iter("h")), {"b": "x", "c": "3"})


def lists():
    eq(r.rpush("l", "a", "b", "c"), 3)
    eq(r.lpush("l", "z"), 4)
    eq(r.lrange("l", 0, -1), ["z", "a", "b", "c"])
    eq(r.lindex("l", -1), "c")
    eq(r.lset("l", 0, "y"), True)
    eq(r.linsert("l", "BEFORE", "b", "b0"), 5)
    eq(r.lpos("l", "b"), 3)
    r.rpush("dup", *"abcabc")
    eq(r.lpos("dup", "b", count=0), [1, 4])
    eq(r.lpos("dup", "b", rank=-1), 4)
    eq(r.lrem("dup", -1, "a"), 1)
    eq(r.lpop("dup", 2), ["a", "b"])
    eq(r.rpop("dup"), "c")
    eq(r.ltrim("l", 1, 2), True)
    eq(r.lrange("l", 0, -1), ["a", "b0"])
    eq(r.lmove("l", "m", "LEFT", "RIGHT"), "a")
    eq(r.rpoplpush("l", "m"), "b0")
    eq(r.lmpop(2, "none", "m", direction="LEFT", count=5), ["m", ["b0", "a"]])
    eq(r.blpop(["none"], timeout=0.05), None)
    r.rpush("q", 1)
    eq(r.brpop(["none", "q"], timeout=1), ("q", "1"))
    thread = threading.Thread(target=lambda: (time.sleep(0.1), raw.rpush("later", "x")))
    thread.start()
    eq(r.blpop(["later"], timeout=10), ("later", "x"))
    thread.join()
    fails("WRONGTYPE", r.get, "lists-are-not-strings" if r.rpush("lists-are-not-strings", 1) else "")


def sets():
    eq(r.sadd("s1", "a", "b", "c"), 3)
    eq(r.sadd("s2", "b", "c", "d"), 3)
    eq(r.sismember("s1", "a"), 1)
    eq(r.smismember("s1", "a", "z"), [1, 0])
    eq(r.sinter("s1", "s2"), {"b", "c"})
    eq(r.sunion("s1", "s2"), {"a", "b", "c", "d"})
    eq(r.sdiff("s1", "s2"), {"a"})
    eq(r.sinterstore("out", "s1", "s2"), 2)
    eq(r.sunionstore("out", "s1", "s2"), 4)
    eq(r.sdiffstore("out", "s1", "s2"), 1)
    eq(r.sintercard(2, ["s1", "s2"], 1), 1)
    eq(r.smove("s1", "s2", "a"), True)
    eq(r.scard("s2"), 4)
    eq(r.srem("s2", "a", "b"), 2)
    eq(r.srandmember("s2") in ("c", "d"), True)
    eq(sorted(r.spop("s2", 5)), ["c", "d"])
    eq(r.exists("s2"), 0)
    r.sadd("big", *range(1000))
    eq(r.object("encoding", "big"), "hashtable")
    eq(len(set(r.sscan_iter("big"))), 1000)


def sorted_sets():
    eq(r.zadd("z", {"a": 1, "b": 2, "c": 3}), 3)
    eq(r.zadd("z", {"a": 5}, gt=True, ch=True), 1)
    eq(r.zadd("z", {"a": 1}, incr=True), 6.0)
    eq(r.zadd("z", {"d": 1}, xx=True), 0)
    eq(r.zrange("z", 0, -1, withscores=True), [("b", 2.0), ("c", 3.0), ("a", 6.0)])
    eq(r.zrange("z", 0, 0, desc=True), ["a"])
    eq(r.zrange("z", "-inf", "(6", byscore=True), ["b", "c"])
    eq(r.zrangebyscore("z", 2, 3, start=1, num=1), ["c"])
    eq(r.zrevrangebyscore("z", 3, 2), ["c", "b"])
    eq(r.zrank("z", "a"), 2)
    eq(r.zrevrank("z", "a"), 0)
    eq(r.zscore("z", "none"), None)
    eq(r.zmscore("z", ["a", "none"]), [6.0, None])
    eq(r.zcount("z", 2, 3), 2)
    eq(r.zincrby("z", 0.5, "a"), 6.5)
    eq(r.zpopmin("z"), [("b", 2.0)])
    eq(r.zpopmax("z", 1), [("a", 6.5)])
    eq(r.bzpopmin("z", timeout=1), ("z", "c", 3.0))
    r.zadd("lex", {x: 0 for x in "abcde"})
    eq(r.zrangebylex("lex", "[b", "(d"), ["b", "c"])
    eq(r.zlexcount("lex", "-", "+"), 5)
    eq(r.zremrangebylex("lex", "[a", "[b"), 2)
    eq(r.zremrangebyrank("lex", 0, 0), 1)
    eq(r.zremrangebyscore("lex", "-inf", "+inf"), 2)
    r.zadd("z1", {"a": 1, "b": 2})
    r.zadd("z2", {"b": 10, "c": 20})
    eq(r.zunion(["z1", "z2"], withscores=True), [("a", 1.0), ("b", 12.0), ("c", 20.0)])
    eq(r.zinter(["z1", "z2"], aggregate="MAX", withscores=True), [("b", 10.0)])
    eq(r.zdiff(["z1", "z2"]), ["a"])
    eq(r.zunionstore("zo", {"z1": 2, "z2": 0.5}), 3)
    eq(r.zscore("zo", "b"), 9.0)
    eq(r.zinterstore("zo", ["z1", "z2"]), 1)
    eq(r.zdiffstore("zo", ["z1", "z2"]), 1)
    eq(r.zrangestore("zo", "z1", 0, -1), 2)
    eq(r.zintercard(2, ["z1", "z2"]), 1)
    eq(r.zmpop(2, ["none", "z1"], min=True), ["z1", [["a", "1"]]])
    eq(r.zrandmember("z2") in ("b", "c"), True)
    eq(dict(r.zscan_iter("z2")), {"b": 10.0, "c": 20.0})
    fails("not a valid float", r.zadd, "z", {"a": "x"})


def places():
    eq(r.geoadd("g", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")), 2)
    eq(r.geodist("g", "Palermo", "Catania", "km"), 166.2742)
    eq(r.geohash("g", "Palermo"), ["sqc8b49rny0"])
    eq(r.geopos("g", "Palermo", "none"), [(13.36138933897018433, 38.11555639549629859), None])
    eq(r.geosearch("g", longitude=15, latitude=37, radius=200, unit="km", sort="ASC"), ["Catania", "Palermo"])
    eq(r.geosearch("g", member="Palermo", width=400, height=400, unit="km", withdist=True, sort="ASC"),
       [["Palermo", 0.0], ["Catania", 166.2742]])
    eq(r.geosearchstore("near", "g", longitude=15, latitude=37, radius=100, unit="km"), 1)
    eq(r.georadius("g", 15, 37, 200, unit="km", sort="DESC"), ["Palermo", "Catania"])


def log_logs():
    eq(r.pfadd("p", *range(1000)), 1)
    eq(r.pfcount("p"), 1001)
    r.pfadd("p2", *range(500, 1500))
    eq(r.pfmerge("p3", "p", "p2"), True)
    eq(r.pfcount("p3"), r.pfcount("p", "p2"))
    eq(abs(r.pfcount("p3") - 1500) < 50, True)


def streams():
    eq(r.xadd("x", {"n": 1}, id="1-1"), "1-1")
    eq(r.xadd("x", {"n": 2}, id="1-*"), "1-2")
    fails("equal or smaller", r.xadd, "x", {"n": 3}, id="1-1")
    last = r.xadd("x", {"n": 3})
    eq(r.xlen("x"), 3)
    eq(r.xrange("x", "-", "+", count=2), [("1-1", {"n": "1"}), ("1-2", {"n": "2"})])
    eq(r.xrevrange("x", count=1), [(last, {"n": "3"})])
    eq(r.xread({"x": "1-2"}), [["x", [(last, {"n": "3"})]]])
    eq(r.xgroup_create("x", "g", id="0"), True)
    fails("BUSYGROUP", r.xgroup_create, "x", "g")
    eq(len(r.xreadgroup("g", "one", {"x": ">"}, count=2)[0][1]), 2)
    eq(r.xack("x", "g", "1-1"), 1)
    eq(r.xpending("x", "g"), {"pending": 1, "min": "1-2", "max": "1-2",
                             "consumers": [{"name": "one", "pending": 1}]})
    eq(r.xpending_range("x", "g", "-", "+", 10)[0]["consumer"], "one")
    eq(r.xclaim("x", "g", "two", 0, ["1-2"], justid=True), ["1-2"])
    eq(r.xautoclaim("x", "g", "three", 0, justid=True), ["1-2"])
    eq(r.xinfo_stream("x")["length"], 3)
    eq(r.xinfo_groups("x")[0]["name"], "g")
    eq(sorted(c["name"] for c in r.xinfo_consumers("x", "g")), ["one", "three", "two"])
    eq(r.xgroup_delconsumer("x", "g", "three"), 1)
    eq(r.xgroup_setid("x", "g", "0"), True)
    eq(r.xdel("x", "1-1"), 1)
    eq(r.xtrim("x", maxlen=1, approximate=False), 1)
    eq(r.xgroup_destroy("x", "g"), 1)
    fails("NOGROUP", r.xreadgroup, "g", "one", {"x": ">"})


def transactions():
    with r.pipeline() as pipe:
        eq(pipe.set("t", 1).incr("t").get("t").execute(), [True, 2, "2"])
        pipe.watch("t")
        raw.set("t", "changed")
        pipe.multi()
        pipe.set("t", "mine")
        try:
            pipe.execute()
            raise AssertionError("a watched key had changed")
        except redis.WatchError:
            pass
    eq(r.transaction(lambda pipe: (pipe.multi(), pipe.set("t", 5), pipe.incr("t")), "t"), [True, 6])
    with r.pipeline(transaction=False) as pipe:
        for index in range(1000):
            pipe.set(f"p{index}", index)
        eq(len(pipe.execute()), 1000)


def scripts():
    eq(r.eval("return {KEYS[1], ARGV[1], 3}", 1, "k", "a"), ["k", "a", 3])
    add = r.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    eq(add(keys=["n"], args=[5]), 5)
    r.script_flush()
    eq(add(keys=["n"], args=[5]), 10)
    eq(r.script_exists(add.sha), [True])
    fails("my error", r.eval, "return redis.error_reply('my error')", 0)
    eq(r.function_load("#!lua name=lib\nredis.register_function('twice', function(k, a) return a[1] * 2 end)"), "lib")
    eq(r.fcall("twice", 0, 21), 42)
    eq(r.function_list()[0][1], "lib")
    eq(r.function_delete("lib"), True)
    lock = r.lock("lock", timeout=10)
    eq(lock.acquire(blocking=False), True)
    eq(r.lock("lock").acquire(blocking=False), False)
    eq(lock.extend(20), True)
    eq(lock.reacquire(), True)
    lock.release()
    eq(r.exists("lock"), 0)


def messages():
    pubsub = r.pubsub()
    pubsub.subscribe("c")
    pubsub.psubscribe("c*")

    def following():
        end = time.time() + 10
        while time.time() < end:
            message = pubsub.get_message(timeout=0.1)
            if message is not None:
                return message
        raise AssertionError("no message")

    eq(following()["type"], "subscribe")
    eq(following()["type"], "psubscribe")
    eq(r.publish("c", "hi"), 2)
    eq(sorted((following()["type"], following()["type"])), ["message", "pmessage"])
    eq(r.pubsub_channels(), ["c"])
    eq(r.pubsub_numsub("c"), [("c", 1)])
    eq(r.pubsub_numpat(), 1)
    pubsub.close()
    r.config_set("notify-keyspace-events", "KEA")
    events = r.pubsub()
    events.psubscribe("__key*__:*")
    pubsub = events
    following()
    r.set("noted", 1)
    eq([following()["channel"], following()["channel"]],
       ["__keyspace@0__:noted", "__keyevent@0__:set"])
    events.close()
    r.config_set("notify-keyspace-events", "")


def server():
    eq(r.ping(), True)
    eq(r.echo("hi"), "hi")
    info = r.info()
    for field in ("redis_version", "uptime_in_seconds", "connected_clients", "used_memory",
                  "total_commands_processed", "keyspace_hits", "role", "maxmemory_policy"):
        if field not in info:
            raise AssertionError(f"INFO lacks {field}")
    eq(r.config_get("maxmemory-policy"), {"maxmemory-policy": "noeviction"})
    eq(r.config_set("slowlog-max-len", 64), True)
    eq(isinstance(r.slowlog_get(), list), True)
    eq(r.slowlog_reset(), True)
    eq(r.client_setname("py"), True)
    eq(r.client_getname() in ("py", None), True)
    eq(len(r.client_list()) > 0, True)
    eq(r.client_id() > 0, True)
    eq(r.client_no_evict("ON"), "OK")
    eq(len(r.time()), 2)
    eq(r.command_count() > 200, True)
    eq("get" in r.command(), True)
    eq(r.memory_usage("none"), None)
    eq(r.acl_whoami(), "default")
    eq(r.acl_setuser("ann", enabled=True, passwords=["+secret"], commands=["+get"], keys=["app:*"]), True)
    ann = redis.Redis(host=host, port=port, username="ann", password="secret")
    eq(ann.get("app:x"), None)
    fails("permissions", ann.get, "other")
    fails("permissions", ann.set, "app:x", 1)
    eq(r.acl_getuser("ann")["enabled"], True)
    eq(len(r.acl_log()) > 0, True)
    eq(r.acl_deluser("ann"), 1)
    fails("WRONGPASS", redis.Redis(host=host, port=port, username="ann", password="x").ping)
    fails("unknown command", r.execute_command, "NOSUCH")
    eq(r.wait(0, 10), 0)


for part in (strings, bits, keys, hashes, lists, sets, sorted_sets, places, log_logs, streams,
             transactions, scripts, messages, server):
    r.flushall()
    try:
        part()
    except Exception:
        print(f"in {part.__name__}", file=sys.stderr)
        raise
print("all right")
