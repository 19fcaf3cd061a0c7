/**
 * Clients that mean harm or are broken: bounded memory, a named end, others unharmed.
 *
 * While each of them is at work a witness sets and gets keys and checks every answer.
 */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { Chance } from '../../fuzz/kv/random.ts';
import { residentBytes, waitUntil } from '../../support/process.ts';
import { encode, RespClient } from '../../support/resp-client.ts';
import { show, textOf } from '../../support/resp-reply.ts';
import type { Server } from '../../support/server.ts';
import { onEachTarget } from '../../support/targets.ts';

const mebibyte = 1024 * 1024;

/** A socket that never reads, whose errors are expected. */
async function deaf(server: Server): Promise<Socket> {
  const socket = connect({ host: server.host, port: server.port });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.pause();
  return socket;
}

/** Runs `attack` while a witness works; the witness must never see a wrong answer. */
async function witnessed(server: Server, attack: () => Promise<void>): Promise<void> {
  const witness = await RespClient.connect(server);
  let running = true;
  let rounds = 0;
  const watch = (async () => {
    while (running) {
      const value = `value ${rounds}`;
      assert.equal(show(await witness.send(['SET', 'witness', value])), '+OK');
      assert.equal(textOf(await witness.send(['GET', 'witness'])), value);
      rounds += 1;
      await new Promise(setImmediate);
    }
  })();
  try {
    await Promise.race([attack(), watch]);
  } finally {
    running = false;
    await watch;
    witness.close();
  }
  assert.ok(rounds > 0, 'the witness never had a turn');
}

async function isAnswering(server: Server): Promise<void> {
  const client = await RespClient.connect(server);
  assert.equal(show(await client.send(['PING'])), '+PONG');
  client.close();
}

const connectedClients = async (server: Server): Promise<number> => {
  const client = await RespClient.connect(server);
  const info = textOf(await client.must('INFO', 'clients'));
  client.close();
  return Number(/connected_clients:(\d+)/.exec(info)?.[1]);
};

onEachTarget('hostile clients', {}, (server) => {
  test('random bytes end a connection at most, never the server', async () => {
    const chance = new Chance(4711);
    await witnessed(server(), async () => {
      for (let attempt = 0; attempt < 200; attempt += 1) {
        const socket = await deaf(server());
        const length = chance.between(1, 4000);
        const bytes = Buffer.from(Array.from({ length }, () => chance.between(0, 255)));
        socket.resume().end(bytes);
        if (attempt % 20 === 0) await new Promise((resolve) => socket.once('close', resolve));
      }
    });
    await isAnswering(server());
  });

  test('damaged commands end a connection at most, never the server', async () => {
    const chance = new Chance(42);
    const good = [
      ['SET', 'k', 'v'],
      ['LPUSH', 'l', 'a', 'b'],
      ['EVAL', 'return 1', '0'],
      ['XADD', 'x', '*', 'f', 'v'],
    ].map(encode);
    await witnessed(server(), async () => {
      for (let attempt = 0; attempt < 200; attempt += 1) {
        const bytes = Buffer.concat(Array.from({ length: 5 }, () => chance.pick(good)));
        for (let damage = chance.between(1, 6); damage > 0; damage -= 1) {
          bytes[chance.between(0, bytes.length - 1)] = chance.pick([
            0, 10, 13, 36, 42, 45, 57, 255,
          ]);
        }
        const socket = await deaf(server());
        socket.resume().end(bytes.subarray(0, chance.between(1, bytes.length)));
      }
    });
    await isAnswering(server());
  });

  test('half commands wait without a cost, and go when their connection goes', async () => {
    const before = await connectedClients(server());
    const sockets: Socket[] = [];
    await witnessed(server(), async () => {
      for (let index = 0; index < 300; index += 1) {
        const socket = await deaf(server());
        socket.write('*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$1000\r\nonly this');
        sockets.push(socket);
      }
    });
    for (const socket of sockets) socket.destroy();
    await waitUntil('the end of all', async () => (await connectedClients(server())) <= before);
    const client = await RespClient.connect(server());
    assert.equal(show(await client.send(['EXISTS', 'half'])), ':0');
    client.close();
  });

  test('claims of half a gigabyte without the bytes take no memory', async () => {
    const before = await residentBytes(server().pid);
    const sockets: Socket[] = [];
    await witnessed(server(), async () => {
      for (let index = 0; index < 20; index += 1) {
        const socket = await deaf(server());
        socket.write('*3\r\n$3\r\nSET\r\n$4\r\nhuge\r\n$536870912\r\nno more than this');
        sockets.push(socket);
      }
      for (let index = 0; index < 20; index += 1) {
        const socket = await deaf(server());
        socket.write('*1048576\r\n$3\r\nDEL\r\n');
        sockets.push(socket);
      }
      await isAnswering(server());
    });
    const grown = (await residentBytes(server().pid)) - before;
    for (const socket of sockets) socket.destroy();
    assert.ok(grown < 300 * mebibyte, `memory grew by ${grown} bytes`);
  });

  test('a reader that never reads is cut off at its output limit', async () => {
    const control = await RespClient.connect(server());
    await control.must('SET', 'big', 'x'.repeat(mebibyte));
    await control.must('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 16mb 8mb 60');
    const before = await residentBytes(server().pid);
    const socket = await deaf(server());
    let closed = false;
    socket.on('close', () => {
      closed = true;
    });
    await witnessed(server(), async () => {
      const clients = await connectedClients(server());
      const asking = encode(['GET', 'big']);
      socket.write(Buffer.concat(Array.from({ length: 500 }, () => asking)));
      await waitUntil('the cut', async () => (await connectedClients(server())) < clients);
    });
    const grown = (await residentBytes(server().pid)) - before;
    assert.ok(grown < 250 * mebibyte, `memory grew by ${grown} bytes`);
    socket.resume();
    await waitUntil('the end of the connection', () => closed);
    await control.must('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 0 0 0');
    await control.must('DEL', 'big');
    control.close();
  });

  test('a slow reader of huge replies gets every byte', async () => {
    const client = await RespClient.connect(server());
    const value = 'y'.repeat(4 * mebibyte);
    await client.must('SET', 'large', value);
    client.socket.pause();
    const replies = Array.from({ length: 8 }, () => client.send(['GET', 'large']));
    await witnessed(server(), async () => {
      for (let turn = 0; turn < 20; turn += 1) {
        await isAnswering(server());
      }
      client.socket.resume();
      for (const reply of replies) assert.equal(textOf(await reply).length, value.length);
    });
    await client.must('DEL', 'large');
    client.close();
  });

  test('a subscriber that never reads is cut off, the others get all messages', async () => {
    const control = await RespClient.connect(server());
    await control.must('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 8mb 4mb 60');
    const silent = await deaf(server());
    silent.write('SUBSCRIBE news\r\n');
    const listener = await RespClient.connect(server(), { resp: 3 });
    listener.raw('SUBSCRIBE news\r\n');
    const subscribers = async () => show(await control.send(['PUBSUB', 'NUMSUB', 'news']));
    await waitUntil('two subscribers', async () => (await subscribers()).endsWith(':2]'));
    const before = await residentBytes(server().pid);
    const message = 'm'.repeat(256 * 1024);
    await witnessed(server(), async () => {
      for (let count = 0; count < 150; count += 1) {
        await control.must('PUBLISH', 'news', message);
        await listener.waitPushes(count + 2);
      }
    });
    assert.match(await subscribers(), /:1\]$/);
    assert.equal(listener.pushes.length, 151);
    const grown = (await residentBytes(server().pid)) - before;
    assert.ok(grown < 250 * mebibyte, `memory grew by ${grown} bytes`);
    silent.destroy();
    listener.close();
    control.close();
  });

  test('two thousand idle clients cost little and hinder nobody', async () => {
    const before = await residentBytes(server().pid);
    const sockets: Socket[] = [];
    await witnessed(server(), async () => {
      for (let batch = 0; batch < 20; batch += 1) {
        sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => deaf(server())))));
      }
      await waitUntil('all to be accepted', async () => (await connectedClients(server())) > 2000);
    });
    const grown = (await residentBytes(server().pid)) - before;
    assert.ok(grown < 200 * mebibyte, `memory grew by ${grown} bytes`);
    const last = sockets.at(-1) as Socket;
    const answered = new Promise<string>((resolve) => {
      last.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    });
    last.resume().write('PING\r\n');
    assert.equal(await answered, '+PONG\r\n');
    for (const socket of sockets) socket.destroy();
    await waitUntil('the end of all', async () => (await connectedClients(server())) < 10);
  });

  test('a flood of pipelined commands is answered whole, others have their turns', async () => {
    const flooder = await RespClient.connect(server());
    const commands = Array.from({ length: 50_000 }, (_, index) => [
      'SET',
      `f${index % 100}`,
      String(index),
    ]);
    await witnessed(server(), async () => {
      const replies = await flooder.pipeline(commands);
      assert.equal(replies.length, 50_000);
      assert.ok(replies.every((reply) => show(reply) === '+OK'));
    });
    flooder.close();
  });

  test('a connection closed in the middle of its replies harms nobody', async () => {
    const client = await RespClient.connect(server());
    await client.must('SET', 'big', 'x'.repeat(mebibyte));
    await witnessed(server(), async () => {
      for (let attempt = 0; attempt < 50; attempt += 1) {
        const socket = await deaf(server());
        socket.write('GET big\r\nGET big\r\nSUBSCRIBE c\r\nBLPOP none 0\r\n');
        if (attempt % 2 === 0) socket.resetAndDestroy();
        else socket.destroy();
      }
    });
    await isAnswering(server());
    client.close();
  });
});
