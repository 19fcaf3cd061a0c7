/**
 * Whole iterations with small steps: SCAN and its kin must give every element.
 * https://redis.io/docs/latest/commands/scan/ (Scan guarantees)
 */
import type { RespClient } from '../../support/resp-client.ts';
import { itemsOf, type Reply, show, textOf } from '../../support/resp-reply.ts';

/** What an iteration of database 0 left out or invented, or undefined. */
export async function brokenScans(client: RespClient): Promise<string | undefined> {
  const names = itemsOf(await client.must('KEYS', '*')).map(textOf);
  const found = await iterate(client, (cursor) => ['SCAN', cursor, 'COUNT', '3']);
  const wanted = new Set(names.map((name) => `$${JSON.stringify(name)}`));
  const wrong = differing(wanted, new Set(found.map(show)));
  if (wrong !== undefined) return `SCAN: ${wrong}`;
  for (const name of names) {
    const type = textOf(await client.must('TYPE', name));
    const kin = kinds[type];
    if (kin === undefined) continue;
    const whole = itemsOf(await client.must(...kin.all(name))).map(show);
    const stepwise = await iterate(client, (cursor) => [kin.scan, name, cursor, 'COUNT', '2']);
    const members = stepwise.map(show).filter((_, index) => index % kin.step === 0);
    const broken = differing(new Set(whole), new Set(members));
    if (broken !== undefined) return `${kin.scan} ${JSON.stringify(name)}: ${broken}`;
  }
  return undefined;
}

/** How a collection's names are listed whole; each scanned item takes `step` replies. */
type Kin = {
  readonly scan: string;
  readonly step: number;
  readonly all: (key: string) => readonly string[];
};

const kinds: Readonly<Record<string, Kin>> = {
  hash: { scan: 'HSCAN', step: 2, all: (key) => ['HKEYS', key] },
  set: { scan: 'SSCAN', step: 1, all: (key) => ['SMEMBERS', key] },
  zset: { scan: 'ZSCAN', step: 2, all: (key) => ['ZRANGE', key, '0', '-1'] },
};

async function iterate(
  client: RespClient,
  command: (cursor: string) => readonly string[],
): Promise<Reply[]> {
  const all: Reply[] = [];
  let cursor = '0';
  // More steps than any collection here has elements: an endless iteration ends as a failure.
  for (let step = 0; step < 10_000; step += 1) {
    const [next, items] = itemsOf(await client.must(...command(cursor)));
    all.push(...itemsOf(items as Reply));
    cursor = textOf(next as Reply);
    if (cursor === '0') return all;
  }
  throw new Error(`an iteration does not end: ${command('0').join(' ')}`);
}

function differing(wanted: ReadonlySet<string>, found: ReadonlySet<string>): string | undefined {
  const lost = [...wanted].filter((item) => !found.has(item));
  const invented = [...found].filter((item) => !wanted.has(item));
  if (lost.length + invented.length === 0) return undefined;
  return `left out ${lost.join(' ')}; invented ${invented.join(' ')}`;
}
