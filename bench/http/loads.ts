/**
 * Loads on one port, from LOAD_CORE, by programs that Debian has. Each judges its answers, and throws when one of
 * them has another status or length than it must have:
 *
 *   wrk      counts statuses and broken connections; its lengths are held by the bytes of all answers together
 *   h2load   counts statuses and the bytes of bodies
 *
 * Handshakes are h2load's too, in bursts of connections that ask once each: it never offers a session to resume,
 * while wrk does as soon as it connects again.
 */
import { execFile } from 'node:child_process';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { promisify } from 'node:util';
import { CIPHER_SUITE, LOAD_CORE } from './pinned.ts';

const run = promisify(execFile);

/** What is asked for: bodies are of `x` alone. */
export interface Asked {
  readonly url: string;
  readonly bodyBytes: number;
  readonly seconds: number;
}

/** What a load got done. */
export interface Done {
  /** Whole answers, or their share in bytes where they are few and long. */
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds that 99 of 100 answers took at most; NaN where the load does not tell. */
  readonly p99Ms: number;
}

/** Connections of a burst. Fewer than every proxy's backlog. */
const BURST = 200;
/** Below this many answers those under way at the end matter: then bytes are counted. */
const REQUESTS_COUNTED = 10_000;

/** HTTP/1.1, kept connections, one request at a time on each. */
export async function runWrk(
  { url, bodyBytes, seconds }: Asked,
  connections: number,
): Promise<Done> {
  const each = await answerBytes(url, bodyBytes);
  const output = await onLoadCore([
    ...['wrk', '-t', '1', '-c', `${connections}`, '-d', `${seconds}`, '--latency', url],
  ]);
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(output);
  const whole = numberIn(/(\d+) requests in/, output);
  const [, size, unit] = /([\d.]+)([KMG])B read/.exec(output)!;
  const bytes = Number(size) * 1024 ** ('KMG'.indexOf(unit!) + 1);
  // wrk rounds to a hundredth of its unit; of each connection one answer may be under way.
  if (bytes < whole * each * 0.99 || bytes > (whole + connections) * each * 1.01) {
    throw new Error(`answers are not of ${each} bytes:\n${output}`);
  }
  return {
    requests: whole > REQUESTS_COUNTED ? whole : bytes / each,
    perSecond: numberIn(/Requests\/sec:\s+([\d.]+)/, output),
    p99Ms: p99Of(output),
  };
}

/** HTTP/2, cleartext or by TLS as the URL says. */
export async function runH2load(
  { url, bodyBytes, seconds }: Asked,
  { connections, streams }: { readonly connections: number; readonly streams: number },
): Promise<Done> {
  const output = await onLoadCore([
    ...['h2load', '-t', '1', '-c', `${connections}`, '-m', `${streams}`, '-D', `${seconds}`, url],
  ]);
  // What is under way when the time is over counts as failed, and is not more than that.
  const requests = judgeH2load(output, bodyBytes, connections * streams);
  return { requests, perSecond: requests / seconds, p99Ms: Number.NaN };
}

/** Full TLS 1.3 handshakes, one request of each connection. */
export async function runHandshakes({ url, bodyBytes, seconds }: Asked): Promise<Done> {
  const command = ['h2load', '--h1', '-t', '1', '-n', `${BURST}`, '-c', `${BURST}`];
  const from = performance.now();
  let requests = 0;
  let took = 0;
  while (performance.now() - from < seconds * 1000) {
    const output = await onLoadCore([...command, url]);
    requests += judgeH2load(output, bodyBytes, 0);
    if (!output.includes('TLSv1.3') || !output.includes(CIPHER_SUITE)) throw new Error(output);
    const [, time, unit] = /finished in ([\d.]+)(ms|s)/.exec(output)!;
    took += unit === 'ms' ? Number(time) / 1000 : Number(time);
  }
  return { requests, perSecond: requests / took, p99Ms: Number.NaN };
}

/** @returns answers with status 200 and the whole body. */
function judgeH2load(output: string, bodyBytes: number, underWayMax: number): number {
  const good = numberIn(/, (\d+) succeeded/, output);
  const failed = numberIn(/, (\d+) failed/, output);
  const status2xx = numberIn(/status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx/, output);
  const bytes = numberIn(/\((\d+)\) data/, output);
  const fits =
    good > 0 &&
    failed <= underWayMax &&
    status2xx >= good &&
    bytes >= good * bodyBytes &&
    bytes <= (good + underWayMax) * bodyBytes;
  if (!fits) throw new Error(output);
  return good;
}

function p99Of(output: string): number {
  const found = /\s99%\s+([\d.]+)(us|ms|s)\b/.exec(output);
  if (found === null) return Number.NaN;
  return Number(found[1]) * { us: 0.001, ms: 1, s: 1000 }[found[2] as 'us' | 'ms' | 's'];
}

/** Asks once: throws unless the answer is 200 with that body. @returns its length with its head. */
export function answerBytes(url: string, bodyBytes: number): Promise<number> {
  const tls = url.startsWith('https:');
  // As the loads ask: an answer that ends its connection has other fields.
  const headers = { connection: 'keep-alive' };
  const options = { rejectUnauthorized: false, agent: false as const, headers };
  return new Promise((resolve, reject) => {
    const asked = (tls ? requestTls : requestPlain)(url, options, (response) => {
      const chunks: Buffer[] = [];
      const { socket } = response;
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        socket.destroy();
        const right = Buffer.alloc(bodyBytes, 'x').equals(Buffer.concat(chunks));
        if (response.statusCode !== 200 || !right) {
          reject(new Error(`${url} answers ${response.statusCode} with a wrong body`));
          return;
        }
        const { httpVersion, statusMessage, rawHeaders } = response;
        let head = `HTTP/${httpVersion} 200 ${statusMessage}\r\n\r\n`.length;
        // ': ' behind a name, CR LF behind a value.
        for (const text of rawHeaders) head += text.length + 2;
        resolve(head + bodyBytes);
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

async function onLoadCore(command: readonly string[]): Promise<string> {
  const { stdout } = await run('taskset', ['-c', `${LOAD_CORE}`, ...command], {
    maxBuffer: 1 << 22,
    timeout: 120_000,
  });
  return stdout;
}

/** The number that the pattern's group finds; NaN, which fails every comparison, if none. */
function numberIn(pattern: RegExp, output: string): number {
  return Number(pattern.exec(output)?.[1]);
}
