/** A stage with an origin that a test plays by hand. */
import assert from 'node:assert/strict';
import type { Exchange } from '../../core/http/index.ts';
import {
  createSimClock,
  createSimRandom,
  createSimThreads,
  type SimClock,
  SimDisk,
} from '../../core/runtime/sim/index.ts';
import { HEAD_LIMITS, MethodId, parseResponseHead, ResponseHead } from '../../core/wire/index.ts';
import { CodingWork, Compressor, DEFAULT_COMPRESSOR } from '../compression/index.ts';
import type { RuleSettings } from '../config/config.ts';
import { ObjectStore } from '../objects/object-store.ts';
import { PurgeLedger } from '../purge/index.ts';
import { DiskTier } from '../ssd/index.ts';
import { CacheStage } from '../stage/cache-stage.ts';
import { Counts } from '../stage/counts.ts';
import { DEFAULT_RULE, ruleOf } from '../stage/rule.ts';
import { DiskShelf, keptOf, queuedBytesMax } from '../tiers/disk-shelf.ts';
import { TestExchange } from './test-exchange.ts';

export class TestCache {
  nowMs = Date.UTC(2026, 0, 1);
  objectBytesMax = 1024 * 1024;
  readonly ledger: PurgeLedger = new PurgeLedger();
  readonly counts: Counts = new Counts();
  readonly objects: ObjectStore;
  /** Requests that have come to the origin and wait for an answer, the oldest first. */
  readonly asked: Exchange[] = [];
  /** Of the threads that compress; codings come when it moves. */
  readonly clock: SimClock;
  readonly codings: CodingWork;
  /** The disk behind the memory, when a test has one. */
  shelf: DiskShelf | null = null;
  private readonly stage: CacheStage;

  constructor(
    rule: Partial<RuleSettings> = {},
    memoryBytes = 64 * 1024 * 1024,
    clock: SimClock = createSimClock(),
  ) {
    this.clock = clock;
    const wallMs = (): number => this.nowMs;
    const { ledger, counts } = this;
    this.objects = new ObjectStore({
      ...{ bytesMax: memoryBytes, wallMs, awakeMax: 0 },
      onLeaving: (stored, evicted) => {
        ledger.release(stored.tags);
        if (evicted) this.shelf?.keep(stored);
        else this.shelf?.forget(stored);
      },
    });
    this.codings = new CodingWork(this.compressor(), this.objects, this.clock);
    this.stage = new CacheStage({
      context: {
        ...{ objects: this.objects, ledger, counts, wallMs },
        random: createSimRandom(1),
        codings: this.codings,
        shelf: () => this.shelf,
        objectBytesMax: () => this.objectBytesMax,
      },
      rules: { current: ruleOf({ ...DEFAULT_RULE, ...rule }) },
      space: this.objects.space('test'),
      next: (exchange) => this.asked.push(exchange),
    });
  }

  /** Puts a disk behind the memory, with what an earlier process has left on it. */
  async openDisk(disk: SimDisk): Promise<DiskTier> {
    const { clock, objects, ledger } = this;
    const tier = await clock.settle(
      DiskTier.open({
        ...{ disk, clock, random: createSimRandom(3), folder: '/data/cache' },
        bytesMax: 64 * 1024 * 1024,
        queuedBytesMax: queuedBytesMax(objects.memory.bytesMax),
        keep: (record) => keptOf(record, ledger, this.nowMs),
      }),
    );
    this.shelf = new DiskShelf({ tier, objects, ledger, wallMs: () => this.nowMs });
    this.shelf.restore();
    return tier;
  }

  private compressor(): Compressor {
    const { clock } = this;
    const random = createSimRandom(2);
    const threads = createSimThreads({ disk: new SimDisk(clock, random), clock, random });
    return new Compressor({ threads, clock }, DEFAULT_COMPRESSOR);
  }

  /** A request comes. */
  ask(target: string, lines: readonly string[] = [], method = 'GET'): TestExchange {
    const exchange = this.exchange(target, lines, method);
    this.handle(exchange);
    return exchange;
  }

  /** A request that a test prepares before it comes. */
  exchange(target: string, lines: readonly string[] = [], method = 'GET'): TestExchange {
    return new TestExchange(() => this.nowMs, target, lines, method);
  }

  handle(exchange: TestExchange): void {
    this.rest();
    this.stage.handle(exchange);
  }

  /** Text of the request that waits longest at the origin. */
  get request(): string {
    const { request } = this.next();
    return request.fields.buf.toString('latin1', request.start, request.end);
  }

  /** The origin answers the request that waits longest, whole. */
  answer(lines: readonly string[], body = '', status = '200 OK'): Exchange {
    const exchange = this.begin([...lines, `Content-Length: ${body.length}`], status);
    if (body.length === 0) return exchange;
    exchange.sink.data(Buffer.from(body, 'latin1'), false);
    exchange.sink.end(null);
    return exchange;
  }

  /** The origin begins to answer the request that waits longest; the test sends the body. */
  begin(lines: readonly string[], status = '200 OK'): Exchange {
    this.rest();
    const exchange = this.next();
    this.asked.shift();
    const head = headOf([`HTTP/1.1 ${status}`, ...lines], exchange.request.method);
    const isEmpty =
      head.contentLength === 0 ||
      head.status === 304 ||
      head.status === 204 ||
      exchange.request.method === MethodId.head;
    exchange.sink.head(head, isEmpty);
    return exchange;
  }

  /** A request that is answered by the origin at once, whole. */
  fill(target: string, lines: readonly string[], body: string): void {
    const exchange = this.ask(target);
    this.answer(lines, body);
    assert.equal(exchange.body, body);
  }

  /** A new turn of the loop: all that may sleep has fallen asleep. */
  private rest(): void {
    while (this.objects.rest());
  }

  private next(): Exchange {
    const exchange = this.asked[0];
    assert.ok(exchange !== undefined, 'nothing waits at the origin');
    return exchange;
  }
}

function headOf(lines: readonly string[], method: MethodId): ResponseHead {
  const head = new ResponseHead();
  const dated = lines.some((line) => /^date:/i.test(line)) ? lines : [...lines];
  const bytes = Buffer.from([...dated, '', ''].join('\r\n'), 'latin1');
  const taken = parseResponseHead(head, bytes, 0, bytes.length, HEAD_LIMITS, method);
  assert.equal(taken, bytes.length, 'the response of a test is none');
  return head;
}
