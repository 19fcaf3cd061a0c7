import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DatagramSocket, Resolver, ResolverOptions } from '../index.ts';
import { bindUdp } from './datagram.ts';
import { createNodeNames } from './resolver.ts';

const typeA = 1;
const typeAaaa = 28;
const typeSrv = 33;

interface Zone {
  readonly [name: string]:
    | readonly { type: number; ttl: number; data: Buffer }[]
    | 'silent'
    | 'broken';
}

const ip4 = (text: string): Buffer => Buffer.from(text.split('.').map(Number));
const srv = (priority: number, weight: number, port: number, host: string): Buffer => {
  const labels = host.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.from([0, priority, 0, weight, port >> 8, port & 255, ...labels, 0]);
};

const zone: Zone = {
  'web.test': [
    { type: typeA, ttl: 300, data: ip4('10.0.0.1') },
    { type: typeA, ttl: 30, data: ip4('10.0.0.2') },
    { type: typeAaaa, ttl: 60, data: Buffer.concat([Buffer.alloc(15), Buffer.of(1)]) },
  ],
  'four.test': [{ type: typeA, ttl: 0, data: ip4('10.0.0.4') }],
  '_http._tcp.test': [
    { type: typeSrv, ttl: 5, data: srv(1, 20, 8080, 'web.test') },
    { type: typeSrv, ttl: 5, data: srv(2, 0, 8081, 'four.test') },
  ],
  'quiet.test': 'silent',
  'sick.test': 'broken',
};

/** A name server over the zone (RFC 1035 section 4). */
function answer(query: Buffer): Buffer | null {
  let at = 12;
  const labels: string[] = [];
  while (query[at]! > 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
    at += query[at]! + 1;
  }
  const type = query.readUInt16BE(at + 1);
  const entry = zone[labels.join('.').toLowerCase()];
  if (entry === 'silent') return null;
  const records = typeof entry === 'object' ? entry.filter((one) => one.type === type) : [];
  const head = Buffer.from(query.subarray(0, 12));
  const rcode = entry === 'broken' ? 2 : entry === undefined ? 3 : 0;
  head.writeUInt16BE(0x8180 | rcode, 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  const answers = records.flatMap(({ ttl, data }) => {
    const fixed = Buffer.alloc(12);
    fixed.writeUInt16BE(0xc00c, 0); // the name is the question's
    fixed.writeUInt16BE(type, 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt32BE(ttl, 6);
    fixed.writeUInt16BE(data.length, 10);
    return [fixed, data];
  });
  return Buffer.concat([head, query.subarray(12, at + 5), ...answers]);
}

let server: DatagramSocket;
before(async () => {
  server = await bindUdp({
    address: { host: '127.0.0.1', port: 0 },
    waitingCountMax: 100,
    waitingBytesMax: 100_000,
    onMessage(query, address, port) {
      const bytes = answer(query);
      if (bytes !== null) server.send(bytes, address, port);
    },
    onError() {},
  });
});
after(() => server.close());

function resolver(more: Partial<ResolverOptions> = {}): Resolver {
  return createNodeNames().resolver({
    servers: [`127.0.0.1:${server.port}`],
    timeoutMs: 200,
    tries: 1,
    untoldTtlMs: 7000,
    ...more,
  });
}

test('addresses of one family or both, holding as long as the shortest of them', async () => {
  const names = resolver();
  const v4 = [
    { address: '10.0.0.1', family: 4 },
    { address: '10.0.0.2', family: 4 },
  ];
  const v6 = [{ address: '::1', family: 6 }];
  assert.deepEqual(await names.addresses('web.test', 4), { ok: true, records: v4, ttlMs: 30_000 });
  assert.deepEqual(await names.addresses('web.test', 6), { ok: true, records: v6, ttlMs: 60_000 });
  const both = { ok: true, records: [...v4, ...v6], ttlMs: 30_000 };
  assert.deepEqual(await names.addresses('web.test', 0), both);
  const one = { ok: true, records: [{ address: '10.0.0.4', family: 4 }], ttlMs: 0 };
  assert.deepEqual(await names.addresses('four.test', 0), one);
});

test('services with priority and weight, holding as long as was configured', async () => {
  assert.deepEqual(await resolver().services('_http._tcp.test'), {
    ok: true,
    records: [
      { host: 'web.test', port: 8080, priority: 1, weight: 20 },
      { host: 'four.test', port: 8081, priority: 2, weight: 0 },
    ],
    ttlMs: 7000,
  });
});

test('no answer is an outcome with a name', async () => {
  const names = resolver();
  const problem = async (name: string) => {
    const found = await names.addresses(name, 0);
    return found.ok ? 'none' : found.problem;
  };
  assert.equal(await problem('nobody.test'), 'no-such-name');
  assert.equal(await problem('_http._tcp.test'), 'no-records');
  assert.equal(await problem('quiet.test'), 'timeout');
  assert.equal(await problem('sick.test'), 'server-failed');
  assert.deepEqual(await names.addresses('four.test', 6), { ok: false, problem: 'no-records' });
  assert.deepEqual(await names.services('web.test'), { ok: false, problem: 'no-records' });
  const waiting = names.addresses('quiet.test', 4);
  names.close();
  assert.deepEqual(await waiting, { ok: false, problem: 'cancelled' });
});

test('an IP address is its own answer, and the system knows its own names', async () => {
  const names = resolver();
  const own = await names.addresses('192.0.2.7', 0);
  assert.deepEqual(own.ok && own.records, [{ address: '192.0.2.7', family: 4 }]);
  assert.deepEqual(await names.addresses('192.0.2.7', 6), { ok: false, problem: 'no-records' });
  const local = await names.systemAddresses('localhost', 4);
  assert.deepEqual(local, {
    ok: true,
    records: [{ address: '127.0.0.1', family: 4 }],
    ttlMs: 7000,
  });
  assert.throws(() => resolver({ servers: ['not an address'] }));
});
