/** docs/compatibility.md: where replies differ from those of Redis, and why. */
import { type Explanation, explanations } from '../tests/fuzz/kv/explained/index.ts';

/** The page without its note. */
export function compatibilityPage(): string {
  return `# Compatibility with Redis

The store follows Redis 7.2. Which commands are there, which are refused and which do something else is told in [commands.md](commands.md); the settings that CONFIG knows are in [settings.md](settings.md). This page is about replies: the same command on the same data, and yet another answer.

It is held to the truth by a fuzzer (\`tests/fuzz/kv\`): random sequences of commands of all families go to Plinth and to redis-server 7.0.15, over RESP2 and RESP3, alone, in transactions and from scripts; each reply and, after every thousand commands, the whole state are compared. \`npm test\` runs 20,000 commands, \`npm run soak\` 1,000,000. A difference that is in no row of the two tables below, or left open by the next section, fails the test. Afterwards Plinth is restarted, and its log has to give the same state.

## What Redis itself leaves open

No promise is made about these, neither there nor here, and nothing more than this is compared:

- the order of what has no order (KEYS, SMEMBERS, HGETALL, SINTER, ...), and of equals: SORT with BY, places at one distance, of which COUNT may keep any;
- cursors and the portions of SCAN and its kin: a whole iteration gives every element;
- what is picked at random (SPOP, SRANDMEMBER, HRANDFIELD, ZRANDMEMBER, RANDOMKEY);
- times: TTL and PTTL by a moment, idle times of consumers, LASTSAVE;
- what tells of the inside: MEMORY USAGE, the bytes of DUMP (either server reads what the other wrote), nodes of the radix tree in XINFO;
- ranges by text in sorted sets with more than one score.

## Where Redis 7.2 left 7.0

Plinth replies as 7.2 does.

${table('7.2')}
Beside these XREADGROUP, XCLAIM and XAUTOCLAIM make their consumer since 7.2 also when they give it nothing, XINFO tells also when a consumer was last given something (\`inactive\`, \`active-time\`), and blocking commands run in scripts, where they do not wait.

## Where Plinth goes its own way

${table('own')}
## What is not there

Plinth runs on one node: there is no Redis cluster, no replication (REPLICAOF, PSYNC, Sentinel), and there are no modules. Data stands in a log and tables of Plinth's own, not in RDB and AOF files. Lua is the 5.1 of Redis with its libraries, interpreted by Plinth itself; there is no debugger for it.
`;
}

function table(way: Explanation['way']): string {
  const rows = explanations.filter((row) => row.way === way);
  const lines = rows.map(({ commands, reason }) => `| ${cell(commands)} | ${cell(reason)} |`);
  return `| commands | difference |\n|---|---|\n${lines.join('\n')}\n`;
}

/** Text inside a table cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
