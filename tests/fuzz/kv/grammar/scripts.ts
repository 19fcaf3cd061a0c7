/** Scripts whose replies say much about the language and its bridge, and the commands around. */

/** Bodies that need no key. Each is run by EVAL with ARGV 'a', '10', '' . */
const bodies: readonly string[] = [
  'return 1',
  'return -1.9',
  'return {1, 2.7, "x", true, false, nil, 4}',
  'return {1, {2, {3, "deep"}}, {}}',
  'return nil',
  'return true',
  'return {ok = "FINE"}',
  'return {err = "MYERR something"}',
  'return redis.error_reply("plain text")',
  'return redis.error_reply("-CODE text")',
  'return redis.status_reply("fine")',
  'return {double = 3.5}',
  'return #ARGV .. ":" .. #KEYS .. ":" .. ARGV[1]',
  'return tostring(1e15) .. " " .. tostring(0.1) .. " " .. tostring(1/0) .. " " .. tostring(-1/0) .. " " .. 2^53',
  'return string.format("%5.2f|%d|%x|%q|%s|%-5s|%05d|%g|%c|%i|%e", 3.14159, 42, 255, "a\\nb", "s", "l", 7, 1e20, 65, -3, 12345.678)',
  'return {string.rep("ab", 3), string.upper("aZ"), string.sub("hello", 2, -2), string.reverse("abc"), string.len("\\0x"), string.byte("A")}',
  'return {string.find("hello world", "o w"), string.match("key=val", "(%w+)=(%w+)"), (string.gsub("hello", "l", "L"))}',
  'local t = {} for k, v in string.gmatch("a=1, b=2", "(%w+)=(%w+)") do t[#t+1] = k .. v end return t',
  'local t = {5, 2, 8, 1} table.sort(t) return table.concat(t, ",")',
  'local t = {5, 2, 8} table.sort(t, function(a, b) return a > b end) table.insert(t, 1, 9) table.remove(t) return t',
  'return {math.floor(3.7), math.ceil(3.2), math.max(1, 5, 3), math.abs(-4), 7 % 3, -7 % 3, 2^10, math.fmod(-7, 3)}',
  'return {tonumber("0x1F"), tonumber("10", 2), tonumber("zz", 36), tonumber(" 12 "), tonumber("1e2")}',
  'return {tostring(nil), tostring(true), type(nil), type({}), type(print), tostring(12), tostring(12.0)}',
  'return {select("#", 1, nil, 3), select(2, "a", "b", "c")}',
  'return {pcall(function() error("boom") end)}',
  'return {pcall(function() error({err = "x"}) end)}',
  'local ok, e = pcall(redis.call, "nosuch") return {tostring(ok), type(e), e.err}',
  'return redis.call("nosuch", "x")',
  'return redis.call("GET")',
  'return redis.pcall("GET")',
  'return redis.call()',
  'return redis.call("GET", {})',
  'return nosuchglobal',
  'newglobal = 1',
  'return redis.sha1hex("")',
  'return cjson.encode({1, 2, 3})',
  'return cjson.encode({a = 1})',
  'return cjson.encode({})',
  'return cjson.encode({"a\\"b\\\\/\\n\\t\\1", 1.5, true, false, cjson.null, 1e20, 100})',
  'local t = cjson.decode("{\\"a\\": [1, 2.5, null, true, \\"x\\\\u00e9\\"], \\"b\\": {}}") return {t.a[1], tostring(t.a[2]), t.a[3] == cjson.null, t.a[4], t.a[5], type(t.b)}',
  'return {pcall(cjson.decode, "{bad")}',
  'return cmsgpack.pack({1, "two", {3}, -1, 1.5, true, 300, 70000})',
  'return cmsgpack.unpack(cmsgpack.pack({1, "two", {3}, -1, 300}))',
  'return {bit.band(12, 10), bit.bor(12, 10), bit.bxor(12, 10), bit.bnot(0), bit.lshift(1, 31), bit.rshift(-1, 28), bit.arshift(-8, 1), bit.tohex(255), bit.tobit(4294967295)}',
  'return struct.pack(">I2i4Bs", 258, -2, 7, "hi")',
  'return {struct.unpack("<I4", "\\1\\0\\0\\0")}',
  'return redis.setresp(3)',
  'redis.setresp(3) return {map = {a = 1}}',
  'redis.setresp(3) return redis.call("HGETALL", "nosuch")',
  'redis.setresp(3) return {double = 1.5}',
  'redis.setresp(3) return true',
  'local function fib(n) if n < 2 then return n end return fib(n-1) + fib(n-2) end return fib(15)',
  'local a, b = 1, 2 a, b = b, a return {a, b}',
  'for i = 10, 1, -3 do if i < 5 then return i end end',
  'local i = 0 while true do i = i + 1 if i > 5 then break end end repeat i = i - 1 until i == 0 return i',
  'local t = setmetatable({}, {__index = function(t, k) return k .. "!" end, __call = function(self, x) return x * 2 end}) return {t.foo, t(21)}',
  'return (function(...) local n = select("#", ...) return n end)(1, nil, nil)',
  'return "a" < "b" and "B" < "a" and not nil',
  'return {10 == 10.0, "10" == 10, "10" + 5, 10 .. "", #"abc"}',
  'error("custom")',
  'error({err = "CUSTOM table"})',
  'return {{}, {{}}, ""}',
  'goto x',
  'return loadstring("return 1 + 1")()',
  'return redis.log(redis.LOG_DEBUG, "x")',
  'return {unpack({1, 2, 3}, 2)}',
  'local x <const> = 5 return x',
  'return os.time and 1 or 0',
  'return type(os.clock())',
  'return string.format("%.14g", 0.1 + 0.2)',
  'return tostring(3) == "3" and tostring(-0) .. tostring(100000000000000) .. tostring(1e100)',
];

/** Bodies that use KEYS[1] and ARGV: state changed by a script must be the same state. */
const keyed: readonly string[] = [
  'redis.call("SET", KEYS[1], ARGV[1]) return redis.call("GET", KEYS[1])',
  'return redis.pcall("INCR", KEYS[1])',
  'return redis.call("LPUSH", KEYS[1], ARGV[1], ARGV[2])',
  'local v = redis.call("GET", KEYS[1]) if v then return redis.call("APPEND", KEYS[1], "+") else return 0 end',
  'return redis.call("DEL", KEYS[1])',
  'return redis.call("TYPE", KEYS[1])',
  'return redis.call("TYPE", KEYS[1]).ok',
  'return redis.call("ZADD", KEYS[1], 1.5, ARGV[1])',
  'local t = redis.pcall("ZRANGE", KEYS[1], 0, -1, "WITHSCORES") return t',
  'redis.setresp(3) return redis.pcall("ZRANGE", KEYS[1], 0, -1, "WITHSCORES")',
  'redis.setresp(3) local r = redis.pcall("ZSCORE", KEYS[1], "a") return type(r) == "table" and (r.double and tostring(r.double) or r.err) or tostring(r)',
  'redis.call("SET", KEYS[1], "before") return redis.call("LPUSH", KEYS[1], "x")',
  'redis.call("HSET", KEYS[1], "f", cjson.encode({n = tonumber(ARGV[2])})) return redis.call("HGET", KEYS[1], "f")',
];

/** `{script}` gives a body and its numkeys and arguments. */
export const scriptBodies = { bodies, keyed } as const;

/** DUMP and RESTORE in one step, as the fuzzer keeps no replies. */
export const dumpRestore =
  'local d = redis.call("DUMP", KEYS[1]) if not d then return false end ' +
  'redis.call("RESTORE", KEYS[2], ARGV[1], d, "REPLACE") return redis.call("TYPE", KEYS[2])';

const library = (name: string, body: string) => `#!lua name=${name}\n${body}`;

export const libraries: readonly string[] = [
  library(
    'one',
    'redis.register_function("first", function(keys, args) return {#keys, #args} end)',
  ),
  library(
    'two',
    'redis.register_function{function_name="reader", callback=function(keys, args) return redis.pcall("GET", keys[1]) end, flags={"no-writes"}, description="reads"}\n' +
      'redis.register_function("writer", function(keys, args) return redis.call("SET", keys[1], args[1]) end)',
  ),
  library(
    'three',
    'redis.register_function{function_name="cheat", callback=function(keys) return redis.call("SET", keys[1], "x") end, flags={"no-writes"}}',
  ),
  library('bad', 'this is no lua'),
  library('empty', 'local x = 1'),
  'no shebang',
  '#!js name=x\nreturn 1',
  '#!lua\nreturn 1',
  library('four', 'redis.register_function("first", 1)'),
  library('one', 'redis.register_function("first", function() return "new" end)'),
];

export const scripting: readonly string[] = [
  '8 EVAL {script}',
  '4 EVAL {keyedscript}',
  '2 EVAL_RO {keyedscript}',
  'EVAL {word} {int}',
  'EVALSHA {word} 0',
  '3 EVAL {dumprestore} {ttl0}',
  'SCRIPT EXISTS {word} e0e1f9fabfc9d4800c877a703b823ac0578ff8db',
  'SCRIPT LOAD {body}',
  'EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0',
  'SCRIPT nope',
  '2 FUNCTION LOAD [REPLACE] {library}',
  '2 (FCALL | FCALL_RO) (first | reader | writer | cheat | nosuch) 1 {skey} {value}',
  'FCALL first {int} {skey}',
  'FUNCTION LIST [LIBRARYNAME ({pattern} | one)] [WITHCODE]',
  'FUNCTION DELETE (one | two | three | nosuch)',
  'FUNCTION nope',
];

export const connection: readonly string[] = [
  'PING [{word}]',
  'ECHO {value}',
  'PUBLISH {word} {value}',
  'CLIENT GETNAME',
  'CLIENT SETNAME (fuzz | {value})',
  'COMMAND GETKEYS {cmd}',
  'UNWATCH',
  'WATCH {key}',
  'EXEC',
  'DISCARD',
  'NOSUCHCOMMAND {value} {value}',
  'PUBSUB CHANNELS [{pattern}]',
  'PUBSUB NUMSUB {word}',
  'PUBSUB NUMPAT',
  // Not WAIT 0 0: the fuzzer may make that a WAIT for a replica, and without end.
  'WAIT 0 1',
  'FLUSHDB [ASYNC | SYNC | nope]',
  'LASTSAVE {word}',
  'CONFIG GET (hash-max-listpack-entries | maxmemory-policy | nosuchsetting)',
  'SLOWLOG nope',
  'SUBSTR',
];
