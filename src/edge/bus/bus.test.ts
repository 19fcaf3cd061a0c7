import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connected } from '../../core/runtime/index.ts';
import { clock, diallerOf, HOST, NOTE, network, serverOf, TestEnd, until } from './bus-fixture.ts';
import { helloLine, isProof, proofOf, readHello } from './greeting.ts';
import { GREETING_BYTES_MAX, LINE_BYTES_MAX, LINKS_PER_POP_MAX } from './limits.ts';
import { LocalLink } from './local-link.ts';

test('two PoPs that know the secret are linked, and hear what they say in its order', async (t) => {
  const [ams, fra] = [new TestEnd(), new TestEnd()];
  const server = serverOf(ams);
  const port = await server.listen({ host: HOST, port: 0 });
  const dialler = diallerOf(fra, port);
  t.after(async () => {
    dialler.stop();
    await server.stop();
  });
  dialler.start();
  await until(() => ams.link !== undefined && fra.link !== undefined, 'a link');
  assert.deepEqual([ams.link?.pop, fra.link?.pop], ['fra', 'ams']);
  const long = 'ü'.repeat(200_000);
  for (const text of ['a', long, '\n"']) {
    assert.ok(ams.link?.send(NOTE, { text }));
    assert.ok(fra.link?.send(NOTE, { text }));
  }
  await until(() => ams.heard.length === 3 && fra.heard.length === 3, 'messages');
  assert.deepEqual(
    [ams.heard, fra.heard],
    [
      ['a', long, '\n"'],
      ['a', long, '\n"'],
    ],
  );
});

test('a link that ends is dialled anew, and is another one', async (t) => {
  const [ams, fra] = [new TestEnd(), new TestEnd()];
  const server = serverOf(ams);
  const port = await server.listen({ host: HOST, port: 0 });
  const dialler = diallerOf(fra, port);
  t.after(async () => {
    dialler.stop();
    await server.stop();
  });
  dialler.start();
  await until(() => ams.links.length === 1, 'a link');
  ams.link?.end('superseded');
  await until(() => ams.links.length === 2 && fra.links.length === 2, 'another link');
  assert.notEqual(ams.links[0]?.id, ams.links[1]?.id);
  assert.ok(!ams.links[0]?.send(NOTE, { text: 'x' }), 'the first one takes nothing');
  assert.deepEqual([ams.downs, fra.downs], [1, 1]);
  assert.equal(ams.endings.get('superseded'), 1);
});

test('a PoP speaks from the address that it is told to', async (t) => {
  const from: string[] = [];
  const watched = {
    ...network,
    listen: (options: Parameters<typeof network.listen>[0]) =>
      network.listen({
        ...options,
        onAccept(stream) {
          from.push(stream.remoteAddress);
          options.onAccept(stream);
        },
      }),
  };
  const [ams, fra] = [new TestEnd(), new TestEnd()];
  const server = serverOf(ams, { network: watched });
  const port = await server.listen({ host: HOST, port: 0 });
  const dialler = diallerOf(fra, port, { localAddress: '127.0.0.9' });
  t.after(async () => {
    dialler.stop();
    await server.stop();
  });
  dialler.start();
  await until(() => ams.links.length === 1, 'a link');
  assert.deepEqual(from, ['127.0.0.9']);
});

const refusals = [
  ['who does not know the secret', { secret: 'another secret of test' }],
  ['who is not in the settings', { pop: 'mars' }],
  ['who means another PoP', { to: 'lon' }],
] as const;

for (const [who, options] of refusals) {
  test(`${who} gets no link`, async (t) => {
    const [ams, fra] = [new TestEnd(), new TestEnd()];
    const server = serverOf(ams);
    const port = await server.listen({ host: HOST, port: 0 });
    const dialler = diallerOf(fra, port, options);
    t.after(async () => {
      dialler.stop();
      await server.stop();
    });
    dialler.start();
    await until(() => fra.endings.size > 0 && ams.endings.size > 0, 'an end');
    assert.deepEqual([ams.links.length, fra.links.length, server.links], [0, 0, 0]);
    // It tries again soon.
    assert.deepEqual([...fra.endings.keys()], ['untrusted']);
  });
}

/** Speaks to a server without being a PoP. @returns what it says until it ends. */
async function speak(port: number, bytes: Buffer): Promise<string> {
  const stream = await connected((options, events) => network.dial(options, events), {
    ...{ address: { host: HOST, port }, timeoutMs: 5000 },
  });
  return new Promise((resolve) => {
    let said = '';
    stream.attach({
      onData: (chunk) => {
        said += chunk.toString();
      },
      onDrain: () => {},
      onEnd: () => stream.destroy(),
      onClosed: () => resolve(said),
    });
    stream.write(bytes);
  });
}

test('what is no greeting ends the connection, and others still come in', async (t) => {
  const [ams, fra] = [new TestEnd(), new TestEnd()];
  const server = serverOf(ams);
  const port = await server.listen({ host: HOST, port: 0 });
  const dialler = diallerOf(fra, port);
  t.after(async () => {
    dialler.stop();
    await server.stop();
  });
  const hello = JSON.stringify(helloLine({ pop: 'fra', nonce: '0'.repeat(32) }));
  const attempts: readonly (readonly [string, string])[] = [
    ['GET / HTTP/1.1\r\n\r\n', ''],
    ['null\n', ''],
    ['[]\n', ''],
    ['{"kind":"test.note","body":{"text":"x"}}\n', 'bad-message'],
    [`{"kind":"hello","version":9,"pop":"fra","nonce":"${'0'.repeat(32)}"}\n`, 'version'],
    ['{"kind":"hello","version":1,"pop":"fra","nonce":"zz"}\n', 'bad-message'],
    [`${hello}\n{"kind":"proof","proof":"00"}\n`, 'untrusted'],
    [`${hello}\n{"kind":"test.note","body":{"text":"x"}}\n`, 'bad-message'],
    ['x'.repeat(GREETING_BYTES_MAX + 1), ''],
  ];
  for (const [bytes, why] of attempts) {
    const said = await speak(port, Buffer.from(bytes));
    if (why !== '') assert.match(said, new RegExp(`"refused","why":"${why}"`), bytes.slice(0, 80));
  }
  dialler.start();
  await until(() => ams.link !== undefined, 'a link');
  assert.deepEqual(ams.heard, []);
  assert.equal(ams.links.length, 1);
});

test('what is no message of its kind ends the link, what is of no kind known here does not', async (t) => {
  const [ams, fra] = [new TestEnd(), new TestEnd()];
  const server = serverOf(ams);
  const port = await server.listen({ host: HOST, port: 0 });
  const dialler = diallerOf(fra, port);
  t.after(async () => {
    dialler.stop();
    await server.stop();
  });
  dialler.start();
  await until(() => fra.link !== undefined && ams.link !== undefined, 'a link');
  const later = { name: 'test.later', read: () => undefined };
  fra.link?.send(later, { x: 1 });
  fra.link?.send(NOTE, { text: 'still there' });
  await until(() => ams.heard.length === 1, 'a message');
  assert.equal(ams.subscriptions.unknown, 1);
  fra.link?.send({ name: NOTE.name, read: () => undefined }, { text: 7 });
  await until(() => (ams.endings.get('bad-message') ?? 0) >= 1, 'an end');
});

test('a line that is too long ends the link', async (t) => {
  const [ams, fra] = [new TestEnd(), new TestEnd()];
  const server = serverOf(ams);
  const port = await server.listen({ host: HOST, port: 0 });
  const dialler = diallerOf(fra, port);
  t.after(async () => {
    dialler.stop();
    await server.stop();
  });
  dialler.start();
  await until(() => fra.link !== undefined && ams.link !== undefined, 'a link');
  fra.link?.send(NOTE, { text: 'x'.repeat(LINE_BYTES_MAX) });
  await until(() => (ams.endings.get('line-too-long') ?? 0) >= 1, 'an end');
  assert.deepEqual(ams.heard, []);
});

test('a link that is silent ends, one that has nothing to say does not', async (t) => {
  const [ams, fra] = [new TestEnd(), new TestEnd()];
  const server = serverOf(ams, { beatMs: 60 });
  const port = await server.listen({ host: HOST, port: 0 });
  // It shows a sign of life far too seldom.
  const dialler = diallerOf(fra, port, { beatMs: 100_000 });
  const lively = new TestEnd();
  const other = diallerOf(lively, port, { pop: 'lon', beatMs: 60 });
  t.after(async () => {
    dialler.stop();
    other.stop();
    await server.stop();
  });
  dialler.start();
  other.start();
  await until(() => (ams.endings.get('silent') ?? 0) >= 2, 'two ends');
  assert.equal(lively.links.length, 1);
  assert.equal(lively.downs, 0);
});

test('a PoP that comes by too many links loses the first', async (t) => {
  const ams = new TestEnd();
  const server = serverOf(ams);
  const port = await server.listen({ host: HOST, port: 0 });
  const ends = Array.from({ length: LINKS_PER_POP_MAX + 1 }, () => new TestEnd());
  const diallers = ends.map((end) => diallerOf(end, port));
  t.after(async () => {
    for (const each of diallers) each.stop();
    await server.stop();
  });
  for (const [nth, each] of diallers.entries()) {
    each.start();
    await until(() => ends[nth]?.link !== undefined, 'a link');
  }
  await until(() => (ams.endings.get('superseded') ?? 0) >= 1, 'an end');
  assert.ok(server.links <= LINKS_PER_POP_MAX);
});

test('a proof fits one side, one PoP and one greeting', () => {
  const of = { clientPop: 'a', clientNonce: '1', serverPop: 'b', serverNonce: '2' };
  const proof = proofOf('client', 'secret', of);
  assert.ok(isProof(proof, proofOf('client', 'secret', { ...of })));
  for (const other of [
    proofOf('server', 'secret', of),
    proofOf('client', 'Secret', of),
    proofOf('client', 'secret', { ...of, clientPop: 'b', serverPop: 'a' }),
    proofOf('client', 'secret', { ...of, serverNonce: '3' }),
    proofOf('client', 'secret', { ...of, clientPop: 'a"', clientNonce: '1' }),
    '',
  ]) {
    assert.ok(!isProof(proof, other));
  }
  assert.equal(
    readHello({ kind: 'hello', version: 2, pop: 'a', nonce: '0'.repeat(32) }),
    'version',
  );
});

test('a PoP is linked with itself, in order, and anew when one end has ended that', async (t) => {
  const [a, b] = [new TestEnd(), new TestEnd()];
  const link = new LocalLink('ams', a.subscriptions, b.subscriptions, clock);
  t.after(() => link.stop());
  link.start();
  a.link?.send(NOTE, { text: '1' });
  a.link?.send(NOTE, { text: '2' });
  assert.deepEqual(b.heard, [], 'not inside the call');
  await until(() => b.heard.length === 2, 'messages');
  b.link?.end('behind');
  await until(() => a.links.length === 2 && b.links.length === 2, 'another link');
  a.link?.send(NOTE, { text: '3' });
  await until(() => b.heard.length === 3, 'a message');
  assert.deepEqual(b.heard, ['1', '2', '3']);
});
