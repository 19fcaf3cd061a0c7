/**
 * For proxy.ts: the HTTP data plane with one server behind it and no decisions.
 *
 *     node proxy-server.ts PORT SERVER_PORT [fields] [http2] [answer]
 *
 * `fields`: tells the server of the client (X-Forwarded-*, Via). `http2`: speaks that to it.
 * `answer`: gives 1 KiB itself. SIGTERM ends it, so that a profile is written.
 */
import { HTTP_LIMITS, listenHttp } from '../../src/core/downstream/index.ts';
import { answer, type Exchange } from '../../src/core/http/index.ts';
import { type ForwardPlan, forward, ProxyFields, type Target } from '../../src/core/proxy/index.ts';
import {
  createNodeClock,
  createNodeNetwork,
  createNodeRandom,
  createNodeTransport,
} from '../../src/core/runtime/node/index.ts';
import { ORIGIN_LIMITS, Origin } from '../../src/core/upstream/index.ts';

const [port, serverPort] = process.argv.slice(2, 4).map(Number);
const telling = process.argv.includes('fields', 4);
const protocol = process.argv.includes('http2', 4) ? 'http2' : 'http1';
const network = createNodeNetwork(await createNodeTransport());
const clock = createNodeClock();
const proxyFields = new ProxyFields(
  { via: 'plinth', xForwarded: true, forwarded: false, requestId: false, traceparent: false },
  createNodeRandom(),
);
const body = Buffer.alloc(1024, 'x');
const target: Target = {
  origin: new Origin({
    ...{ network, clock, limits: ORIGIN_LIMITS, protocol },
    address: { host: '127.0.0.1', port: serverPort as number },
  }),
};
const plan: ForwardPlan = {
  replayBytes: 0,
  hedgeAfterMs: 0,
  nowMs: () => clock.monotonicMs(),
  choose: () => target,
  hedge: () => null,
  forgetWaiting: () => {},
  request: (exchange) => {
    if (telling) proxyFields.add(exchange);
  },
  response: () => {},
  retryAfterMs: () => -1,
  ended: () => {},
  later: () => () => {},
};
await listenHttp({
  ...{ transport: network, clock, limits: HTTP_LIMITS },
  address: { host: '127.0.0.1', port: port as number },
  handler: process.argv.includes('answer', 4)
    ? (exchange: Exchange) => answer(exchange, { status: 200, body })
    : (exchange: Exchange) => forward(exchange, plan),
  trusts: () => false,
  events: { onRequestEnd: () => {}, onRefused: () => {} },
});
process.on('SIGTERM', () => process.exit());
