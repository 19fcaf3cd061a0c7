import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Pool } from '../servers/pool.ts';
import { spec, specs } from '../testing/pools.ts';
import { ApplicationCookie } from './application-cookie.ts';
import { decideBinding } from './binding.ts';
import { InsertedCookie, type InsertedCookieOptions } from './inserted-cookie.ts';
import { KEY_LENGTH_MAX, StickTable } from './stick-table.ts';

const options: InsertedCookieOptions = {
  name: 'plinth',
  form: 'signed',
  secret: Buffer.alloc(32, 7),
  maxAgeMs: 3_600_000,
  path: '/',
  domain: undefined,
  secure: true,
  sameSite: 'Lax',
};
const NOW = 1_800_000_000_000;
const pool = new Pool(specs(3));
const [first] = [...pool.servers];

function cookie(more: Partial<InsertedCookieOptions> = {}): InsertedCookie {
  const made = new InsertedCookie({ ...options, ...more });
  made.know(pool.servers);
  return made;
}

function valueIn(setCookie: string): string {
  return /^plinth=([^;]*)/.exec(setCookie)![1]!;
}

test('a cookie carries its attributes and leads back to its server, also from another balancer', () => {
  for (const form of ['signed', 'opaque'] as const) {
    const field = cookie({ form }).write(first!, NOW);
    assert.match(
      field,
      /^plinth=[A-Za-z0-9._-]+; Path=\/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax$/,
    );
    assert.equal(cookie({ form }).read(valueIn(field), NOW + 1000), first);
    assert.ok(!field.includes('s0'));
  }
  const session = cookie({
    maxAgeMs: Number.POSITIVE_INFINITY,
    domain: 'example.org',
    secure: false,
  });
  assert.match(
    session.write(first!, NOW),
    /; Path=\/; Domain=example.org; HttpOnly; SameSite=Lax$/,
  );
});

test('a signed cookie ends after its time and does not come from the future', () => {
  const value = valueIn(cookie().write(first!, NOW));
  assert.equal(cookie().read(value, NOW + 3_600_000), first);
  assert.equal(cookie().read(value, NOW + 3_601_000), undefined);
  assert.equal(cookie().read(value, NOW - 200_000), first);
  assert.equal(cookie().read(value, NOW - 400_000), undefined);
});

test('a signed cookie that was changed anywhere, or made with another secret, names nobody', () => {
  const value = valueIn(cookie().write(first!, NOW));
  const other = cookie({ secret: Buffer.alloc(32, 8) });
  assert.equal(other.read(value, NOW), undefined);
  assert.equal(cookie({ form: 'opaque' }).read(value, NOW), undefined);
  // The last digit of 16 bytes in base64url carries four bits that mean nothing, so it is left alone.
  const at = fc.nat(value.length - 2);
  fc.assert(
    fc.property(at, fc.stringMatching(/^[A-Za-z0-9._-]$/), (position, letter) => {
      const changed = value.slice(0, position) + letter + value.slice(position + 1);
      assert.equal(cookie().read(changed, NOW), changed === value ? first : undefined);
    }),
  );
});

test('no value at all makes reading fail', () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      assert.equal(cookie().read(value, NOW), undefined);
      assert.equal(cookie({ form: 'opaque' }).read(value, NOW), undefined);
    }),
  );
});

test('a cookie of a server that has left the pool names nobody', () => {
  const changing = new Pool(specs(2));
  const made = new InsertedCookie(options);
  made.know(changing.servers);
  const value = valueIn(made.write(changing.find('s1')!, NOW));
  changing.replace(specs(1));
  made.know(changing.servers);
  assert.equal(made.read(value, NOW), undefined);
});

test('a secret that is too short is a bug', () => {
  assert.throws(() => cookie({ secret: Buffer.alloc(15) }), /16 bytes/);
});

test('a binding is used, waited for, made anew or refused as the table says', () => {
  const changing = new Pool([spec('a', { activeMax: 1 }), spec('b')]);
  const server = changing.find('a')!;
  assert.equal(decideBinding(undefined, false), 'rebind');
  assert.equal(decideBinding(undefined, true), 'refuse');
  assert.equal(decideBinding(server, true), 'use');
  server.admits = false;
  assert.equal(decideBinding(server, false), 'wait');
  server.admits = true;
  changing.set(server, 'draining', true);
  assert.equal(decideBinding(server, true), 'use');
  for (const cause of ['down', 'ejected', 'tripped', 'maintenance'] as const) {
    changing.set(server, cause, true);
    assert.equal(decideBinding(server, false), 'rebind');
    assert.equal(decideBinding(server, true), 'refuse');
    changing.set(server, cause, false);
  }
  changing.replace([spec('b')]);
  assert.equal(decideBinding(server, false), 'rebind');
});

test('a stick table holds what a list ordered by use would hold', () => {
  const step = fc.record({
    do: fc.constantFrom('bind', 'find', 'find', 'sweep', 'forget'),
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    which: fc.nat(2),
    afterMs: fc.nat(40),
  });
  const servers = [...pool.servers];
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(step, { maxLength: 80, size: 'max' }),
      (entriesMax, steps) => {
        const table = new StickTable({ entriesMax, idleMs: 100 });
        let model: { key: string; server: (typeof servers)[number]; usedMs: number }[] = [];
        let nowMs = 0;
        for (const { do: what, key, which, afterMs } of steps) {
          nowMs += afterMs;
          const server = servers[which]!;
          const entry = model.find((each) => each.key === key);
          if (what === 'bind') {
            model = model.filter((each) => each !== entry);
            if (model.length === entriesMax) model.shift();
            model.push({ key, server, usedMs: nowMs });
            table.bind(key, server, nowMs);
          } else if (what === 'find') {
            const live = entry !== undefined && nowMs - entry.usedMs <= 100;
            assert.equal(table.find(key, nowMs), live ? entry.server : undefined);
            model = model.filter((each) => each !== entry);
            if (live) model.push({ ...entry, usedMs: nowMs });
          } else if (what === 'sweep') {
            const old = model.filter((each) => nowMs - each.usedMs > 100).slice(0, 2);
            assert.equal(table.sweep(nowMs, 2), old.length);
            model = model.filter((each) => !old.includes(each));
          } else {
            const gone = model.filter((each) => each.server === server);
            assert.equal(table.forget(server), gone.length);
            model = model.filter((each) => each.server !== server);
          }
          assert.equal(table.size, model.length);
        }
      },
    ),
  );
});

test('keys that are empty or too long are not kept', () => {
  const table = new StickTable({ entriesMax: 10, idleMs: 100 });
  table.bind('', first!, 0);
  table.bind('x'.repeat(KEY_LENGTH_MAX + 1), first!, 0);
  assert.equal(table.size, 0);
  table.bind('x'.repeat(KEY_LENGTH_MAX), first!, 0);
  assert.equal(table.size, 1);
});

test('an application cookie is learnt from the answer and found in the request', () => {
  const table = new StickTable({ entriesMax: 10, idleMs: 1000 });
  const sessions = new ApplicationCookie('SID', table);
  const set = (text: string): boolean => {
    const buf = Buffer.from(`; ${text}; SID=after`);
    return sessions.learn(buf, 2, text.length, first!, 0);
  };
  assert.equal(set('other=1; SID=attribute'), false);
  assert.equal(set('SID='), false);
  assert.equal(set('SID=abc; Path=/; HttpOnly'), true);
  assert.equal(set('SID=last'), true);
  const read = (text: string) => sessions.read(Buffer.from(text), 0, text.length, 500);
  assert.equal(read('a=1; SID=abc'), first);
  assert.equal(read('SID=last'), first);
  assert.equal(read('SID=unknown'), undefined);
  assert.equal(read('a=1'), undefined);
});
