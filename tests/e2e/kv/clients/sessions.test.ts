/**
 * Sessions of express-session kept by connect-redis over node-redis.
 */
import assert from 'node:assert/strict';
import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { RedisStore } from 'connect-redis';
import type { SessionData } from 'express-session';
import session from 'express-session';
import { createClient } from 'redis';
import { waitUntil } from '../../../support/process.ts';
import { onEachTarget } from '../../../support/targets.ts';

const dataOf = (more: object, maxAge?: number): SessionData => {
  const expires = maxAge === undefined ? {} : { expires: new Date(Date.now() + maxAge) };
  return { cookie: { originalMaxAge: maxAge ?? null, ...expires }, ...more } as SessionData;
};

onEachTarget('connect-redis', {}, (server) => {
  let client: ReturnType<typeof createClient>;
  let store: RedisStore;
  before(async () => {
    client = createClient({ socket: { host: server().host, port: server().port } });
    await client.connect();
    store = new RedisStore({ client, prefix: 'app:', scanCount: 10 });
  });
  beforeEach(async () => {
    await client.flushAll();
  });
  after(() => client.destroy());

  test('sets, gets, touches and destroys a session', async () => {
    await store.set('one', dataOf({ user: 'ann' }));
    assert.equal((await store.get('one')).user, 'ann');
    assert.equal(await client.ttl('app:one'), 86_400);
    await store.touch('one', dataOf({}, 500_000));
    const left = await client.ttl('app:one');
    assert.ok(left > 400 && left <= 500, `time to live is ${left}`);
    await store.destroy('one');
    assert.equal(await store.get('one'), null);
  });

  test('lists, counts and clears only its own sessions', async () => {
    await client.set('foreign', 'x');
    for (let index = 0; index < 50; index += 1) await store.set(`s${index}`, dataOf({ index }));
    assert.equal(await store.length(), 50);
    assert.equal((await store.ids()).length, 50);
    const all = (await store.all()) as { id: string; index: number }[];
    assert.deepEqual(
      all.map((item) => item.index).sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, index) => index),
    );
    await store.clear();
    assert.equal(await store.length(), 0);
    assert.equal(await client.get('foreign'), 'x');
  });

  test('lets a session expire', async () => {
    await store.set('short', dataOf({ user: 'bob' }, 1000));
    assert.equal((await store.get('short')).user, 'bob');
    await waitUntil('the end of the session', async () => (await store.get('short')) === null);
  });

  test('keeps a visitor logged in over requests of a web server', async () => {
    const middleware = session({ store, secret: 'cat', resave: false, saveUninitialized: false });
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      middleware(request as never, response as never, () => {
        const state = Reflect.get(request, 'session') as {
          visits?: number;
          destroy(done: () => void): void;
        };
        if (request.url === '/logout') return state.destroy(() => response.end('bye'));
        state.visits = (state.visits ?? 0) + 1;
        response.end(String(state.visits));
        return undefined;
      });
    };
    const web = createServer(handle);
    const base = await listen(web);
    try {
      const first = await fetch(base);
      assert.equal(await first.text(), '1');
      const cookie = String(first.headers.get('set-cookie')).split(';')[0] ?? '';
      const again = async (path = '') => (await fetch(base + path, { headers: { cookie } })).text();
      assert.equal(await again(), '2');
      assert.equal(await again(), '3');
      assert.equal(await store.length(), 1);
      assert.equal(await again('/logout'), 'bye');
      assert.equal(await again(), '1');
    } finally {
      web.closeAllConnections();
      web.close();
    }
  });
});

function listen(web: HttpServer): Promise<string> {
  return new Promise((resolve) => {
    web.listen(0, '127.0.0.1', () => {
      const address = web.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    });
  });
}
