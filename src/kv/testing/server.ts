/** A store with a real socket on 127.0.0.1, in this process, for tests of what only sockets show. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  createNodeClock,
  createNodeNetwork,
  createNodeRandom,
  createNodeTransport,
} from '../../core/runtime/node/index.ts';
import { commandSpecs } from '../commands/index.ts';
import { Engine } from '../engine/engine.ts';
import { KvServer } from '../server/server.ts';
import { Tick } from '../server/tick.ts';
import type { Settings } from '../settings.ts';
import { decodeReplies, type Reply } from './decode.ts';

/** Bounds that a test can meet; without them the usual ones hold. */
export interface TestBounds {
  readonly allocate?: (bytes: number) => ArrayBuffer;
  readonly replyBytesMax?: number;
  readonly heldReplyBytesMax?: number;
}

export class TestServer {
  readonly engine: Engine;
  readonly server: KvServer;
  private readonly tick: Tick;
  private readonly sockets: TestSocket[] = [];
  port = 0;

  constructor(settings: Partial<Settings>, bounds: TestBounds) {
    this.engine = new Engine({
      commands: commandSpecs,
      clock: createNodeClock(),
      random: createNodeRandom(),
      settings,
      ...(bounds.allocate !== undefined && { allocate: bounds.allocate }),
      ...(bounds.replyBytesMax !== undefined && { replyBytesMax: bounds.replyBytesMax }),
    });
    const lineBytesMax = 64 * 1024;
    const limits = { argsMax: 1024 * 1024, bulkBytesMax: 512 * 1024 * 1024, lineBytesMax };
    this.server = new KvServer(this.engine, limits, bounds.heldReplyBytesMax);
    this.tick = new Tick(this.server, undefined);
  }

  async listen(): Promise<this> {
    const transport = await createNodeTransport();
    this.engine.dial = createNodeNetwork(transport).dial;
    const address = { host: '127.0.0.1', port: 0 };
    const clock = this.engine.clock;
    this.port = (await this.server.listen({ transport, clock, address })).port;
    return this;
  }

  /** Connects a client; it has ended when the server stops. */
  async connect(): Promise<TestSocket> {
    const socket = connect({ host: '127.0.0.1', port: this.port });
    await once(socket, 'connect');
    const client = new TestSocket(socket);
    this.sockets.push(client);
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.sockets) client.socket.destroy();
    this.tick.stop();
    await this.server.stop();
  }
}

export class TestSocket {
  readonly socket: Socket;
  /** Whether the server has ended the connection. */
  closed = false;
  private bytes = Buffer.alloc(0);
  private wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      this.wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  /** Sends bytes as they are. */
  raw(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Sends a command. */
  send(...args: (string | number)[]): void {
    const words = args.map((arg) => Buffer.from(String(arg)));
    this.raw(
      `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word.toString('latin1')}\r\n`).join('')}`,
    );
  }

  /** Sends a command and waits for one reply. */
  async ask(...args: (string | number)[]): Promise<Reply> {
    this.send(...args);
    return (await this.replies(1))[0];
  }

  /** Waits for so many replies or messages, and takes all that have come. */
  async replies(count: number): Promise<Reply[]> {
    for (;;) {
      const list = this.whole();
      if (list !== undefined && list.length >= count) {
        this.bytes = Buffer.alloc(0);
        return list;
      }
      if (this.closed) throw new Error(`the connection ended, having sent '${this.bytes}'`);
      await this.more();
    }
  }

  private whole(): Reply[] | undefined {
    try {
      return decodeReplies(this.bytes);
    } catch {
      return undefined;
    }
  }

  private more(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  /** Waits for the end of the connection; returns what came before as text. */
  async end(): Promise<string> {
    while (!this.closed) await this.more();
    return this.bytes.toString('latin1');
  }
}

/** Starts a store on a free port. */
export function startTestServer(
  settings: Partial<Settings> = {},
  bounds: TestBounds = {},
): Promise<TestServer> {
  return new TestServer(settings, bounds).listen();
}
