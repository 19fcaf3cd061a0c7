/** gRPC from a client of @grpc/grpc-js through our proxy to its server: HTTP/2 on both sides. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  Client,
  credentials,
  type Deadline,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { Bed } from '../../support/http-bed.ts';

const same = (bytes: Buffer): Buffer => bytes;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Echo/${name}`,
  ...{ requestStream, responseStream },
  ...{
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
});
const service = {
  unary: method('unary', false, false),
  fail: method('fail', false, false),
  never: method('never', false, false),
  down: method('down', false, true),
  up: method('up', true, false),
  both: method('both', true, true),
} satisfies ServiceDefinition;

const server = new Server({ 'grpc.max_receive_message_length': -1 });
const cancelled = Promise.withResolvers<void>();
let bed: Bed;
let client: Client;

before(async () => {
  server.addService(service, {
    unary: (
      call: { request: Buffer; metadata: Metadata },
      done: (error: null, reply: Buffer, trailer: Metadata) => void,
    ) => {
      const trailer = new Metadata();
      trailer.set('x-length', String(call.request.length));
      trailer.set('x-seen', String(call.metadata.get('x-told')[0]));
      done(null, call.request, trailer);
    },
    fail: (_call: unknown, done: (error: Partial<ServiceError>) => void) => {
      const metadata = new Metadata();
      metadata.set('x-why', 'because');
      done({ code: status.FAILED_PRECONDITION, details: 'no, thank you', metadata });
    },
    never: (call: { on(event: 'cancelled', run: () => void): void }) => {
      call.on('cancelled', () => cancelled.resolve());
    },
    down: (call: { request: Buffer; write(bytes: Buffer): void; end(): void }) => {
      for (let i = 0; i < 50; i++) call.write(Buffer.concat([Buffer.from([i]), call.request]));
      call.end();
    },
    up: (call: NodeJS.ReadableStream, done: (error: null, reply: Buffer) => void) => {
      let bytes = 0;
      call.on('data', (piece: Buffer) => {
        bytes += piece.length;
      });
      call.on('end', () => done(null, Buffer.from(String(bytes))));
    },
    both: (call: NodeJS.ReadWriteStream) => {
      call.on('data', (piece: Buffer) => call.write(piece));
      call.on('end', () => call.end());
    },
  } as never);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  bed = await Bed.open(() => {}, { port, protocol: 'http2' });
  client = new Client(`127.0.0.1:${bed.port}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
  });
});

after(async () => {
  client.close();
  await bed.close();
  server.forceShutdown();
});

interface Outcome {
  readonly error: ServiceError | null;
  readonly reply: Buffer | undefined;
  readonly trailers: Metadata;
}

function ask(
  name: 'unary' | 'fail' | 'never',
  body: Buffer,
  deadline?: Deadline,
): Promise<Outcome> {
  const metadata = new Metadata();
  metadata.set('x-told', 'yes');
  const options = deadline === undefined ? {} : { deadline };
  return new Promise((resolve) => {
    let outcome: Omit<Outcome, 'trailers'> | undefined;
    let trailers: Metadata | undefined;
    const tell = (): void => {
      if (outcome !== undefined && trailers !== undefined) resolve({ ...outcome, trailers });
    };
    const { path } = service[name];
    const call = client.makeUnaryRequest(
      path,
      same,
      same,
      body,
      metadata,
      options,
      (error, reply) => {
        outcome = { error, reply };
        tell();
      },
    );
    call.on('status', ({ metadata: got }) => {
      trailers = got;
      tell();
    });
  });
}

test('a call and its trailers arrive', async () => {
  const { error, reply, trailers } = await ask('unary', Buffer.from('hello'));
  assert.equal(error, null);
  assert.equal(reply?.toString(), 'hello');
  assert.deepEqual([trailers.get('x-length'), trailers.get('x-seen')], [['5'], ['yes']]);
});

test('a message larger than every window arrives', async () => {
  const body = Buffer.alloc(5_000_000, 'abcdefg');
  const { error, reply } = await ask('unary', body);
  assert.equal(error, null);
  assert.ok(reply?.equals(body));
});

test('a failure that is nothing but trailers arrives', async () => {
  const { error, trailers } = await ask('fail', Buffer.alloc(0));
  assert.equal(error?.code, status.FAILED_PRECONDITION);
  assert.equal(error?.details, 'no, thank you');
  assert.deepEqual(trailers.get('x-why'), ['because']);
});

test('a deadline ends a call at the client and at the server', async () => {
  const { error } = await ask('never', Buffer.alloc(0), Date.now() + 100);
  assert.equal(error?.code, status.DEADLINE_EXCEEDED);
  await cancelled.promise;
});

test('messages stream down', async () => {
  const call = client.makeServerStreamRequest(
    service.down.path,
    same,
    same,
    Buffer.alloc(30_000, 'x'),
  );
  const first: number[] = [];
  for await (const piece of call as AsyncIterable<Buffer>) {
    assert.equal(piece.length, 30_001);
    first.push(piece[0] as number);
  }
  assert.deepEqual(
    first,
    Array.from({ length: 50 }, (_, i) => i),
  );
});

test('messages stream up', async () => {
  const reply = await new Promise<Buffer | undefined>((resolve, reject) => {
    const call = client.makeClientStreamRequest<Buffer, Buffer>(
      service.up.path,
      same,
      same,
      (error, got) => (error === null ? resolve(got) : reject(error)),
    );
    for (let i = 0; i < 50; i++) call.write(Buffer.alloc(20_000));
    call.end();
  });
  assert.equal(reply?.toString(), '1000000');
});

test('messages stream both ways, each answered before the next is sent', async () => {
  const call = client.makeBidiStreamRequest<Buffer, Buffer>(service.both.path, same, same);
  const got: string[] = [];
  await new Promise<void>((resolve, reject) => {
    call.on('error', reject);
    call.on('end', resolve);
    call.on('data', (piece: Buffer) => {
      got.push(piece.toString());
      if (got.length === 20) call.end();
      else call.write(Buffer.from(String(got.length)));
    });
    call.write(Buffer.from('0'));
  });
  assert.deepEqual(
    got,
    Array.from({ length: 20 }, (_, i) => String(i)),
  );
});

test('many calls at once arrive, each with its own reply', async () => {
  const bodies = Array.from({ length: 300 }, (_, i) => Buffer.alloc(1 + i * 37, i));
  const outcomes = await Promise.all(bodies.map((body) => ask('unary', body)));
  for (const [i, { reply }] of outcomes.entries()) assert.ok(reply?.equals(bodies[i] as Buffer));
});
