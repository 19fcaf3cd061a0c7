import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { createHistogram } from './histogram.ts';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { type OtlpExporter, startOtlpExporter } from './otlp-exporter.ts';

const open: Server[] = [];
after(() => {
  for (const server of open) server.close();
});

interface Taken {
  readonly path: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

/** A collector that notes what it is sent and answers with the status it is told. */
async function collector() {
  const taken: Taken[] = [];
  const answer = { status: 200 };
  const server = createServer(async (request, response) => {
    const type = request.headers['content-type'];
    taken.push({ path: request.url, type, body: await text(request) });
    response.writeHead(answer.status).end('{}');
  });
  open.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { taken, answer, endpoint };
}

function exporter(endpoint: string): { otlp: OtlpExporter; lines: string[] } {
  const metrics = createMetrics();
  const histogram = createHistogram([1, 5]);
  for (const value of [0.5, 3, 3, 9]) histogram.record(value);
  metrics.add([
    {
      name: 'plinth_x_total',
      help: 'Xs.',
      type: 'counter',
      labels: ['kind'],
      collect: (emit) => emit(7, 'a'),
    },
    { name: 'plinth_y_bytes', help: 'Ys.', type: 'gauge', collect: (emit) => emit(Infinity) },
    {
      name: 'plinth_z_seconds',
      help: 'Zs.',
      type: 'histogram',
      collect: (emit) => emit(histogram),
    },
  ]);
  const lines: string[] = [];
  const otlp = startOtlpExporter({
    endpoint,
    everyMs: 3_600_000,
    resource: { version: '1.2.3', instance: 'here:1' },
    metrics,
    log: createLogger({
      level: 'info',
      sink: { write: (line) => lines.push(JSON.parse(line).msg) },
    }),
    startMs: 1000,
    wallMs: () => 2000,
  });
  return { otlp, lines };
}

test('a collector is sent every metric as OTLP in JSON', async () => {
  const { taken, endpoint } = await collector();
  const { otlp, lines } = exporter(`${endpoint}/`);
  assert.equal(await otlp.send(), true);
  otlp.stop();
  assert.deepEqual([taken[0]?.path, taken[0]?.type], ['/v1/metrics', 'application/json']);
  const [resource] = JSON.parse(taken[0]?.body ?? '').resourceMetrics;
  assert.deepEqual(resource.resource.attributes[0], {
    key: 'service.name',
    value: { stringValue: 'plinth' },
  });
  const span = { startTimeUnixNano: '1000000000', timeUnixNano: '2000000000' };
  assert.deepEqual(resource.scopeMetrics[0].metrics, [
    {
      name: 'plinth_x_total',
      description: 'Xs.',
      unit: '1',
      sum: {
        aggregationTemporality: 2,
        isMonotonic: true,
        dataPoints: [
          { attributes: [{ key: 'kind', value: { stringValue: 'a' } }], ...span, asDouble: 7 },
        ],
      },
    },
    { name: 'plinth_y_bytes', description: 'Ys.', unit: 'By', gauge: { dataPoints: [] } },
    {
      name: 'plinth_z_seconds',
      description: 'Zs.',
      unit: 's',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            attributes: [],
            ...span,
            count: '4',
            sum: 0.0155,
            bucketCounts: ['1', '2', '1'],
            explicitBounds: [0.001, 0.005],
          },
        ],
      },
    },
  ]);
  assert.deepEqual(lines, []);
});

test('a collector that refuses or is away is told of once, and once more when it takes again', async () => {
  const { answer, endpoint } = await collector();
  const { otlp, lines } = exporter(endpoint);
  answer.status = 503;
  assert.equal(await otlp.send(), false);
  assert.equal(await otlp.send(), false);
  answer.status = 200;
  assert.equal(await otlp.send(), true);
  otlp.stop();
  assert.deepEqual(lines, ['the collector takes no metrics', 'the collector takes metrics again']);
  const away = exporter('http://127.0.0.1:1');
  assert.equal(await away.otlp.send(), false);
  away.otlp.stop();
});

test('one request at a time, and stop ends one that waits', async () => {
  const server = createServer(() => {});
  open.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { otlp, lines } = exporter(`http://127.0.0.1:${port}`);
  const first = otlp.send();
  assert.equal(await otlp.send(), false);
  otlp.stop();
  assert.equal(await first, false);
  assert.deepEqual(lines, []);
  server.closeAllConnections();
});
