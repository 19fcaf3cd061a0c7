/**
 * Clients of every kind, each a lane that goes on until it is told to stop: one request after the other on a kept
 * connection, several at once, uploads in pieces, slow readers, and those that leave in the middle.
 */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { SimRandom } from '../../../src/core/runtime/sim/index.ts';
import { bodyOf, digest, type FaultBook } from './fault-book.ts';
import { type Asked, FaultClient, type Outcome } from './fault-client.ts';

const HANG_MS = 30_000;
const WRONG_MAX = 30;
const PIPELINED_MAX = 6;
const FAILURES = [502, 503, 504];

export type LaneKind = 'plain' | 'pipelining' | 'slow' | 'leaving';

export interface LaneDoor {
  readonly port: number;
  readonly tls: boolean;
}

interface Request {
  readonly asked: Asked;
  readonly head: string;
  readonly body: Buffer;
  readonly chunked: boolean;
}

export class FaultLanes {
  readonly wrong: string[] = [];
  readonly counts = new Map<string, number>();
  /** While true nothing is explained by faults: there are none. */
  strictSinceMs = Number.POSITIVE_INFINITY;
  private readonly book: FaultBook;
  private readonly lanes: Promise<void>[] = [];
  private stopped = false;

  constructor(book: FaultBook) {
    this.book = book;
  }

  start(name: string, kind: LaneKind, door: LaneDoor, random: SimRandom): void {
    this.lanes.push(this.run(name, kind, door, random));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.lanes);
  }

  private async run(
    name: string,
    kind: LaneKind,
    door: LaneDoor,
    random: SimRandom,
  ): Promise<void> {
    for (let number = 0; !this.stopped; ) {
      const client = await open(door);
      if (client === null) {
        this.tell(`${name}: no connection`);
        await sleep(100);
        continue;
      }
      const slow = kind === 'slow' ? readSlowly(client, random) : undefined;
      // A connection carries so many requests at most.
      for (let left = 1 + random.below(30); left > 0 && !this.stopped && !client.isOver; left--) {
        const size = kind === 'pipelining' ? 1 + random.below(PIPELINED_MAX) : 1;
        const requests = Array.from({ length: size }, () =>
          request(`${name}-${number++}`, kind, random),
        );
        const goesOn = await this.exchange(client, requests, kind, random);
        if (!goesOn) break;
        if (random.chance(0.3)) await sleep(random.below(40));
      }
      clearInterval(slow);
      client.leave();
    }
  }

  /** Sends some requests and holds what comes against what must. False: the connection is used up. */
  private async exchange(
    client: FaultClient,
    requests: readonly Request[],
    kind: LaneKind,
    random: SimRandom,
  ): Promise<boolean> {
    const sinceMs = performance.now();
    const outcomes = requests.map(({ asked }) => client.awaits(asked));
    const leaves =
      kind === 'leaving' ? setTimeout(() => client.leave(), random.below(60)) : undefined;
    const hangs = setTimeout(() => {
      this.tell(
        `${requests.map(({ asked }) => said(asked, this.book)).join(' ')}: no end for ${HANG_MS} ms`,
      );
      client.leave();
    }, HANG_MS);
    let sent = false;
    const sending = (async () => {
      for (const each of requests) await send(client, each, random);
      sent = true;
    })();
    let goesOn = true;
    for (const [i, { asked }] of requests.entries()) {
      const outcome = await (outcomes[i] as Promise<Outcome>);
      if (!this.judge(asked, outcome, sinceMs, leaves !== undefined)) goesOn = false;
    }
    // Answered before it was sent: the rest is of no use to anybody.
    if (!sent) {
      this.count('answered early');
      client.leave();
    }
    await sending;
    clearTimeout(leaves);
    clearTimeout(hangs);
    return goesOn && !client.isOver;
  }

  private judge(asked: Asked, outcome: Outcome, sinceMs: number, leaving: boolean): boolean {
    const repeatable = asked.method !== 'POST';
    const twice = this.book.over(asked.id, repeatable);
    if (twice !== undefined) this.tell(twice);
    const why = sinceMs > this.strictSinceMs ? undefined : this.book.explains(asked.id, sinceMs);
    // A server may still be at work on it, which then is no longer found here but does no harm.
    if (outcome.kind === 'served') this.book.forget(asked.id);
    this.count(outcome.kind === 'own' ? `own ${outcome.status}` : outcome.kind);
    switch (outcome.kind) {
      case 'served':
        return !outcome.closes;
      case 'own':
        if (!FAILURES.includes(outcome.status) || why === undefined) {
          this.tell(`${said(asked, this.book)}: ${outcome.status} ${outcome.says} (${why})`);
        }
        return !outcome.closes;
      case 'cut':
        if (!leaving && why === undefined)
          this.tell(`${said(asked, this.book)}: cut by ${outcome.how}`);
        return false;
      case 'unanswered':
        if (!leaving && !outcome.excused && why === undefined) {
          this.tell(`${said(asked, this.book)}: no answer, ${outcome.how}`);
        }
        return false;
      case 'wrong':
        this.tell(`${said(asked, this.book)}: ${outcome.says} (${why})`);
        return false;
    }
  }

  private count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  private tell(what: string): void {
    if (this.wrong.length < WRONG_MAX) this.wrong.push(what);
  }
}

function said({ id, method, bytes, digest: of }: Asked, book: FaultBook): string {
  const beside = `[${book.context(id)}]`;
  return `${beside} ${method} ${id} for ${bytes}${of === '' ? '' : ' with a body'}`;
}

async function open({ port, tls }: LaneDoor): Promise<FaultClient | null> {
  const socket = tls
    ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'a.test' })
    : connectTcp({ port, host: '127.0.0.1' });
  socket.setNoDelay(true);
  try {
    await once(socket, tls ? 'secureConnect' : 'connect');
    return new FaultClient(socket);
  } catch {
    return null;
  }
}

/** Lets bytes come for a moment, then none for a longer one. */
function readSlowly({ socket }: FaultClient, random: SimRandom): NodeJS.Timeout {
  return setInterval(() => {
    if (socket.isPaused()) socket.resume();
    else if (random.chance(0.7)) socket.pause();
  }, 15);
}

function request(id: string, kind: LaneKind, random: SimRandom): Request {
  const method = pick(random, ['GET', 'GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT']);
  const bytes = size(random, kind === 'pipelining' ? 30_000 : 2_000_000);
  const uploads = method === 'POST' || method === 'PUT';
  const body = uploads ? bodyOf(`up:${id}`, size(random, 400_000)) : Buffer.alloc(0);
  const chunked = uploads && random.chance(0.5);
  const length = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
  const field = uploads ? `${length}\r\n` : '';
  return {
    asked: { id, method, bytes, digest: chunked || body.length > 0 ? digest(body) : '' },
    head: `${method} /f/${id}/${bytes} HTTP/1.1\r\nHost: a.test\r\n${field}\r\n`,
    ...{ body, chunked },
  };
}

/** Mostly small. */
function size(random: SimRandom, most: number): number {
  if (random.chance(0.7)) return random.below(3000);
  return random.below(random.chance(0.9) ? Math.min(most, 150_000) : most);
}

function pick<T>(random: SimRandom, list: readonly T[]): T {
  return list[random.below(list.length)] as T;
}

async function send(client: FaultClient, each: Request, random: SimRandom): Promise<void> {
  const { socket } = client;
  const { head, body, chunked } = each;
  const write = async (bytes: Buffer): Promise<void> => {
    if (client.isOver) return;
    const free = socket.write(bytes);
    if (!free) await client.drained();
  };
  const isSlow = random.chance(0.15);
  await write(Buffer.from(head));
  for (let at = 0; at < body.length && !client.isOver; ) {
    const part = body.subarray(at, at + 1 + random.below(isSlow ? 30_000 : 120_000));
    at += part.length;
    const size = Buffer.from(`${part.length.toString(16)}\r\n`);
    await write(chunked ? Buffer.concat([size, part, Buffer.from('\r\n')]) : part);
    if (isSlow) await sleep(random.below(40));
  }
  if (chunked) await write(Buffer.from('0\r\n\r\n'));
}
