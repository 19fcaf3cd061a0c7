/**
 * What a line of the access log costs, and what it costs to have none: `node bench/balancer/access-log.ts`.
 * A request of a browser, its head parsed once, logged a million times into /dev/null.
 */
import { AccessLog } from '../../src/balancer/access-log/access-log.ts';
import { type ClientFacts, Exchange } from '../../src/core/http/index.ts';
import { silentLogger } from '../../src/core/observe/index.ts';
import { createNodeClock, createNodeDisk } from '../../src/core/runtime/node/index.ts';
import { HEAD_LIMITS, parseRequestHead } from '../../src/core/wire/index.ts';

const HEAD = Buffer.from(
  [
    'GET /static/app/main-4f2c1a9b.js?v=20260101&locale=de HTTP/1.1',
    'Host: www.example.com',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
    'Accept: */*',
    'Referer: https://www.example.com/shop/items/12345',
    'Cookie: session=0123456789abcdef',
    'X-Request-ID: 3fec97adaa54f882-1a2b',
    'traceparent: 00-3423bfe82452609bebd7a3ce4eac2101-aa21c80dc7a86a73-01',
    '',
    '',
  ].join('\r\n'),
  'latin1',
);
const ROUNDS = 200_000;

class Logged extends Exchange {
  readonly bodyEnded = true;
  readonly isOver = false;
  readonly client = {
    remoteAddress: '192.0.2.17',
    addressBytes: Buffer.from('192.0.2.17'),
    remotePort: 50_123,
    encrypted: true,
  } as ClientFacts;
  wallMs = (): number => 0;
  receive(): void {}
  resumeBody(): void {}
  interim(): void {}
  head(): void {}
  data = (): boolean => true;
  end(): void {}
  flush(): void {}
  abort(): void {}
}

const clock = createNodeClock();
const exchange = new Logged();
parseRequestHead(exchange.request, HEAD, 0, HEAD.length, HEAD_LIMITS);
exchange.status = 200;
exchange.route = 'all';
exchange.server = 'a';
exchange.sentBytes = 12_345;

const log = new AccessLog({ clock, disk: createNodeDisk(), log: silentLogger() });

async function round(): Promise<number> {
  const begun = process.cpuUsage();
  for (let i = 0; i < ROUNDS; i++) {
    const { journey } = exchange;
    exchange.startedMs = clock.monotonicMs() - 3.217;
    Object.assign(journey, { listener: 'web', pool: 'app', attempts: 1 });
    journey.queueMs = 0.012;
    journey.connectMs = 0.003 + i / 1e9;
    journey.firstByteMs = 2.917 + i / 1e6;
    if (log.isOn) log.write(exchange, 'complete');
    journey.reset();
    // As often as a busy process comes back to its loop.
    if (i % 64 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / ROUNDS;
}

async function best(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) least = Math.min(least, await round());
  return least;
}

const off = await best();
log.setPath('/dev/null');
const on = await best();
await log.close();
process.stdout.write(
  `off ${off.toFixed(2)} µs, on ${on.toFixed(2)} µs: ${(on - off).toFixed(2)} µs a line, ${log.dropped} dropped\n`,
);
