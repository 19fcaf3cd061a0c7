/**
 * Slices under clients that are slow and leave, and an origin that changes, fails and forgets ranges, by seeds: what
 * is whole is of one version, nobody waits for ever, and nothing is left behind.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { FieldId, MethodId } from '../../core/wire/index.ts';
import { TestCache } from '../testing/test-cache.ts';
import type { TestExchange } from '../testing/test-exchange.ts';

const SEEDS = 60;
const EVENTS = 60;
const VERSIONS = 20;

/** Each version has a letter and a length of its own. */
const bodyOf = (version: number): string =>
  String.fromCharCode(65 + version).repeat(20 + ((version * 37) % 80));

class World {
  readonly cache: TestCache;
  readonly clients: TestExchange[] = [];
  private version = 0;
  private readonly nat: (below: number) => number;

  constructor(seed: number) {
    const random = createSimRandom(seed);
    this.nat = (below) => Math.floor(random.float() * below);
    this.cache = new TestCache({ sliceBytes: 1 + this.nat(40) });
  }

  event(): void {
    const { cache, nat, clients } = this;
    const kind = nat(12);
    if (kind < 4) this.ask();
    else if (kind < 9) this.serve();
    else if (kind === 9) {
      const client = clients[nat(clients.length)];
      if (client === undefined || client.isOver) return;
      if (nat(3) > 0) client.drain();
      else client.leave();
    } else if (kind === 10) {
      if (nat(4) === 0) this.version = nat(VERSIONS);
      else cache.nowMs += nat(40_000);
    } else if (nat(5) === 0) {
      cache.ledger.purge({ kind: 'url', value: 'http://example.com/f', soft: nat(2) === 0 });
    }
  }

  /** Everybody takes what comes, and the origin answers. */
  settle(): void {
    for (let moved = true; moved; ) {
      moved = this.cache.asked.length > 0;
      this.serve();
      for (const client of this.clients) {
        if (client.isOver || !client.slow) continue;
        client.drain();
        moved = true;
      }
    }
  }

  private ask(): void {
    const { cache, nat } = this;
    const first = nat(100);
    const ranges = nat(2) === 0 ? [] : [`Range: bytes=${first}-${first + nat(50)}`];
    const wishes = nat(4) === 0 ? ['Cache-Control: no-cache'] : [];
    const client = cache.exchange('/f', [...ranges, ...wishes], nat(9) === 0 ? 'HEAD' : 'GET');
    client.slow = nat(3) === 0;
    this.clients.push(client);
    cache.handle(client);
  }

  private serve(): void {
    const { cache, nat, version } = this;
    const request = cache.asked[0]?.request;
    if (request === undefined) return;
    const body = bodyOf(version);
    const lines = [`Cache-Control: max-age=${nat(3) * 30}`, `ETag: "${version}"`];
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.fields.get(FieldId.range) ?? '');
    const chance = nat(30);
    if (request.method === MethodId.head) {
      cache.begin([...lines, `Content-Length: ${body.length}`]);
    } else if (chance === 0) {
      cache.answer([], 'down', '503 Service Unavailable');
    } else if (request.fields.get(FieldId.ifNoneMatch) === `"${version}"`) {
      cache.begin(lines, '304 Not Modified');
    } else if (range === null || chance === 1) {
      cache.answer(lines, body);
    } else if (Number(range[1]) >= body.length) {
      const whole = `Content-Range: bytes */${body.length}`;
      cache.answer([whole], '', '416 Range Not Satisfiable');
    } else {
      const [first, last] = [Number(range[1]), Math.min(Number(range[2]), body.length - 1)];
      const part = `Content-Range: bytes ${first}-${last}/${body.length}`;
      cache.answer([...lines, part], body.slice(first, last + 1), '206 Partial Content');
    }
  }
}

/** What a whole response has to have. */
function wantedBy(client: TestExchange): string {
  const body = bodyOf(Number(client.field('etag')?.slice(1, -1)));
  const range = /^bytes (\d+)-(\d+)\//.exec(client.field('content-range') ?? '');
  return range === null ? body : body.slice(Number(range[1]), Number(range[2]) + 1);
}

test('responses of slices are of one version, or break; all end, and all memory comes back', () => {
  let [whole, broken] = [0, 0];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new World(seed);
    const { cache, clients } = world;
    for (let nth = 0; nth < EVENTS; nth++) world.event();
    world.settle();
    for (const client of clients) {
      assert.ok(client.isOver, `seed ${seed}: somebody waits`);
      if (client.ending === 'aborted') broken++;
      if (client.ending !== 'whole' || client.request.method === MethodId.head) continue;
      if (client.status !== 200 && client.status !== 206) continue;
      assert.equal(client.body, wantedBy(client), `seed ${seed}`);
      whole++;
    }
    cache.objects.clear();
    const { objectBytes, heapBytes } = cache.objects.memory;
    assert.deepEqual([objectBytes, heapBytes, [...cache.objects.awake()].length], [0, 0, 0]);
  }
  // The seeds have led to both.
  assert.ok(whole > SEEDS && broken > 0, `${whole} whole, ${broken} broken`);
});
