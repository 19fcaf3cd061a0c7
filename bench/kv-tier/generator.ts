/**
 * The load generator, a process of its own:
 *
 *     node bench/kv-tier/generator.ts '<LoadOptions as JSON>'
 *
 * Each connection sends a batch, waits for all replies and sends the next. Every reply is looked at: a
 * value where there must be one, none where there must be none; every VERIFY_EVERYth value byte for byte.
 * Prints a `LoadResult` as JSON; ends with 1 and the reason where a reply was wrong.
 */
import type { ByteStream } from '../../src/core/runtime/transport.ts';
import { Histogram } from './histogram.ts';
import { Kind, type LoadName, makeTrace, type Trace } from './trace.ts';
import { versionIn } from './values.ts';
import { openWire } from './wire.ts';

export interface LoadOptions {
  readonly port: number;
  readonly load: LoadName;
  readonly pipeline: number;
  readonly connections: number;
  readonly seconds: number;
  readonly keys: number;
  readonly valueBytes: number;
  readonly theta: number;
  readonly seed: number;
  /** Requests that are made before; they are sent again from the first when all were. */
  readonly requests: number;
}

export interface LoadResult {
  readonly requests: number;
  /** Requests for keys that are there. */
  readonly gets: number;
  readonly perSecond: number;
  /** Processor time of the generator while it sent, microseconds a request. */
  readonly clientMicros: number;
  /** Milliseconds from the sending of a batch to each of its replies. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Values that were compared byte for byte. */
  readonly verified: number;
}

/** Odd, so that no place in a batch is left out. */
const VERIFY_EVERY = 31;
const DRAIN_MS_MAX = 30_000;
const [DOLLAR, PLUS, MINUS, ZERO, CR] = [36, 43, 45, 48, 13];

class Generator {
  private readonly trace: Trace;
  private readonly options: LoadOptions;
  private readonly histogram = new Histogram();
  private readonly done = Promise.withResolvers<void>();
  private next = 0;
  private open = 0;
  private endsAt = 0;
  private untilVerified = VERIFY_EVERY;
  private verified = 0;
  private requests = 0;
  private gets = 0;

  constructor(options: LoadOptions) {
    this.options = options;
    this.trace = makeTrace({ ...options, count: options.requests });
  }

  async run(): Promise<LoadResult> {
    const { connections, pipeline, port, seconds } = this.options;
    const wires: ByteStream[] = [];
    for (let i = 0; i < connections; i++) wires.push(await openWire(port));
    const cpuBefore = process.cpuUsage();
    const from = performance.now();
    this.endsAt = from + seconds * 1000;
    this.open = connections;
    for (const wire of wires) new Lane(this, wire, pipeline).start();
    const timer = setTimeout(
      () => this.done.reject(new Error('replies are missing')),
      seconds * 1000 + DRAIN_MS_MAX,
    );
    try {
      await this.done.promise;
    } finally {
      clearTimeout(timer);
    }
    const elapsedMs = performance.now() - from;
    const { user, system } = process.cpuUsage(cpuBefore);
    for (const wire of wires) wire.destroy();
    return {
      requests: this.requests,
      gets: this.gets,
      perSecond: (this.requests * 1000) / elapsedMs,
      clientMicros: (user + system) / this.requests,
      p50: this.histogram.percentile(50),
      p99: this.histogram.percentile(99),
      p999: this.histogram.percentile(99.9),
      max: this.histogram.maxMs,
      verified: this.verified,
    };
  }

  /** The first of the next requests; -1 when the time is over. */
  take(count: number, now: number): number {
    if (now >= this.endsAt) {
      this.open--;
      if (this.open === 0) this.done.resolve();
      return -1;
    }
    if (this.next + count > this.trace.count) this.next = 0;
    const first = this.next;
    this.next += count;
    return first;
  }

  /** The bytes of some requests. */
  bytesOf(first: number, count: number): Buffer {
    const { bytes, starts } = this.trace;
    return bytes.subarray(starts[first]!, starts[first + count]!);
  }

  answered(count: number, tookMs: number): void {
    this.requests += count;
    this.histogram.add(tookMs * 1000, count);
  }

  /** Judges the reply to a request; it is whole and begins at `at`, its value, if it has one, at `from`. */
  judge(request: number, chunk: Buffer, at: number, from: number, end: number): void {
    const kind = this.trace.kinds[request]!;
    const sign = chunk[at]!;
    if (kind === Kind.get) {
      this.gets++;
      if (sign !== DOLLAR || end - from !== this.options.valueBytes) {
        this.wrong(request, chunk, at);
        return;
      }
      if (--this.untilVerified > 0) return;
      this.untilVerified = VERIFY_EVERY;
      this.verified++;
      const value = chunk.toString('latin1', from, end);
      if (versionIn(value, this.trace.keys[request]!) === undefined) this.wrong(request, chunk, at);
    } else if (kind === Kind.set) {
      if (sign !== PLUS) this.wrong(request, chunk, at);
    } else if (sign !== DOLLAR || from >= 0) this.wrong(request, chunk, at);
  }

  wrong(request: number, chunk: Buffer, at: number): void {
    const sent = this.bytesOf(request, 1).toString('latin1', 0, 60);
    const came = chunk.toString('latin1', at, at + 200);
    this.fail(new Error(`${JSON.stringify(sent)} was answered ${JSON.stringify(came)}`));
  }

  fail(error: Error): void {
    this.done.reject(error);
  }
}

/** One connection: the batch that is under way and what came of a reply that is not whole. */
class Lane {
  private readonly generator: Generator;
  private readonly wire: ByteStream;
  private readonly pipeline: number;
  private first = 0;
  private answered = 0;
  private sentAt = 0;
  private carry: Buffer | undefined;

  constructor(generator: Generator, wire: ByteStream, pipeline: number) {
    this.generator = generator;
    this.wire = wire;
    this.pipeline = pipeline;
  }

  start(): void {
    this.wire.attach({
      onData: (chunk) => this.received(chunk),
      onDrain: () => {},
      onEnd: () => this.generator.fail(new Error('the server closed a connection')),
      onClosed: () => {},
    });
    this.send(performance.now());
  }

  private send(now: number): void {
    const first = this.generator.take(this.pipeline, now);
    if (first < 0) return;
    this.first = first;
    this.answered = 0;
    this.sentAt = now;
    this.wire.write(this.generator.bytesOf(first, this.pipeline));
  }

  private received(piece: Buffer): void {
    const chunk = this.carry === undefined ? piece : Buffer.concat([this.carry, piece]);
    const before = this.answered;
    let at = 0;
    while (at < chunk.length) {
      const next = this.reply(chunk, at);
      if (next < 0) break;
      at = next;
      this.answered++;
    }
    // The piece is a view of a buffer that is read into again.
    this.carry = at === chunk.length ? undefined : Buffer.from(chunk.subarray(at));
    const now = performance.now();
    if (this.answered > before) {
      this.generator.answered(this.answered - before, now - this.sentAt);
    }
    if (this.answered > this.pipeline) {
      this.generator.fail(new Error('more replies than requests'));
    } else if (this.answered === this.pipeline) this.send(now);
  }

  /** Judges the reply at `at`; gives where the next begins, -1 when this one is not whole. */
  private reply(chunk: Buffer, at: number): number {
    const request = this.first + this.answered;
    let i = at + 1;
    if (chunk[at] !== DOLLAR || chunk[i] === MINUS) {
      const end = chunk.indexOf('\r\n', at, 'latin1');
      if (end < 0) return -1;
      this.generator.judge(request, chunk, at, -1, -1);
      return end + 2;
    }
    let length = 0;
    while (i < chunk.length && chunk[i] !== CR) length = length * 10 + chunk[i++]! - ZERO;
    const from = i + 2;
    const end = from + length;
    if (end + 2 > chunk.length) return -1;
    this.generator.judge(request, chunk, at, from, end);
    return end + 2;
  }
}

const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
try {
  console.log(JSON.stringify(await new Generator(options).run()));
  process.exit(0);
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
