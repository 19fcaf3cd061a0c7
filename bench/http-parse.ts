/**
 * What reading and writing heads of HTTP/1 costs, beside Node's own parser in the same run.
 *
 *     node bench/http-parse.ts [--rounds 7] [--seconds 0.3]
 *
 * One row a message: nanoseconds of processor time for the parse alone, for llhttp's parse (with its strings, as node:http gets
 * them), and for all that a proxy does with a head: parse, drop hop-by-hop fields, add its own, encode. The
 * candidates take turns within a round; medians of the rounds.
 */
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import {
  CHUNK_LIMITS,
  ChunkedDecoder,
  ChunkStep,
  encodeRequestHead,
  encodeResponseHead,
  FieldId,
  HEAD_LIMITS,
  MethodId,
  parseRequestHead,
  parseResponseHead,
  RequestHead,
  ResponseHead,
} from '../src/core/wire/index.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '0.3' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

interface Parser {
  initialize(type: number, resource: object, headerBytesMax: number, leniency: number): void;
  execute(bytes: Buffer): number | Error;
}
const { HTTPParser } = createRequire(import.meta.url)('_http_common') as {
  HTTPParser: { new (): Parser; REQUEST: number; RESPONSE: number };
};

const small = message([
  'GET /index.html HTTP/1.1',
  'Host: 127.0.0.1:8080',
  'User-Agent: wrk/4.2.0',
  'Accept: */*',
]);
const browser = message([
  'GET /assets/app.3f9a1c.js?v=42 HTTP/1.1',
  'Host: www.example.com',
  'Connection: keep-alive',
  'sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: no-cors',
  'Referer: https://www.example.com/dashboard',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: session=8c1f2e7a9b3d4c5e6f708192a3b4c5d6; theme=dark; consent=1',
]);
const response = message([
  'HTTP/1.1 200 OK',
  'Server: nginx',
  'Date: Sun, 22 Nov 2026 20:00:00 GMT',
  'Content-Type: text/plain',
  'Content-Length: 1024',
  'Last-Modified: Sun, 22 Nov 2026 19:00:00 GMT',
  'Connection: keep-alive',
  'ETag: "6741d8f0-400"',
  'Accept-Ranges: bytes',
]);
const chunked = Buffer.from(`${`400\r\n${'x'.repeat(1024)}\r\n`.repeat(16)}0\r\n\r\n`);

const requestHead = new RequestHead();
const responseHead = new ResponseHead();
const chunks = new ChunkedDecoder();
const out = Buffer.allocUnsafeSlow(64 * 1024);
const via = Buffer.from('Via: 1.1 plinth\r\nX-Forwarded-Proto: http\r\n', 'latin1');
const client = Buffer.from('203.0.113.9', 'latin1');
/** What the work comes to, so that none of it can be left out. */
let sum = 0;

function request(bytes: Buffer): void {
  sum += parseRequestHead(requestHead, bytes, 0, bytes.length, HEAD_LIMITS);
}

function proxiedRequest(bytes: Buffer): void {
  request(bytes);
  requestHead.removeHopByHop();
  requestHead.fields.appendToList(FieldId.xForwardedFor, client);
  sum += encodeRequestHead(out, 0, requestHead, via);
}

function proxiedResponse(bytes: Buffer): void {
  sum += parseResponseHead(responseHead, bytes, 0, bytes.length, HEAD_LIMITS, MethodId.get);
  responseHead.removeHopByHop();
  sum += encodeResponseHead(out, 0, responseHead);
}

function body(bytes: Buffer): void {
  chunks.reset(CHUNK_LIMITS);
  let at = 0;
  for (;;) {
    const step = chunks.step(bytes, at, bytes.length);
    at = chunks.at;
    if (step !== ChunkStep.data) return;
    sum += chunks.dataEnd - chunks.dataStart;
  }
}

function llhttp(type: number): (bytes: Buffer) => void {
  const parser = new HTTPParser();
  return (bytes) => {
    parser.initialize(type, {}, 64 * 1024, 0);
    sum += Number(parser.execute(bytes));
  };
}

const rows: readonly (readonly [string, Buffer, (bytes: Buffer) => void])[] = [
  ['small request, parse', small, request],
  ['small request, proxied', small, proxiedRequest],
  ['small request, llhttp', small, llhttp(HTTPParser.REQUEST)],
  ['browser request, parse', browser, request],
  ['browser request, proxied', browser, proxiedRequest],
  ['browser request, llhttp', browser, llhttp(HTTPParser.REQUEST)],
  ['response, proxied', response, proxiedResponse],
  ['16 chunks of 1 KiB', chunked, body],
];

const samples = rows.map((): number[] => []);
for (let round = 0; round < rounds; round += 1) {
  rows.forEach(([, bytes, work], index) => {
    samples[index]?.push(nanosOf(bytes, work));
  });
}
console.log('nanoseconds each, median');
rows.forEach(([name, bytes], index) => {
  const sorted = samples[index]!.toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1]!;
  console.log(`${median.toFixed(0).padStart(7)}  ${name} (${bytes.length} bytes)`);
});
if (sum === 0) throw new Error('nothing was read');

function nanosOf(bytes: Buffer, work: (bytes: Buffer) => void): number {
  const start = process.cpuUsage();
  let times = 0;
  let micros = 0;
  do {
    for (let i = 0; i < 1000; i += 1) work(bytes);
    times += 1000;
    const used = process.cpuUsage(start);
    micros = used.user + used.system;
  } while (micros < seconds * 1e6);
  return (micros * 1000) / times;
}

function message(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
