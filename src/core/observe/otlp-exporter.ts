/**
 * Sends the metrics to an OpenTelemetry collector by OTLP over HTTP, JSON encoded, every so often.
 * Cold, hence node:http.
 *
 * Invariants: one request at a time, each with an end; a collector that is slow, away or refuses costs one
 * log line until it takes metrics again, and nothing else: values are cumulative, so nothing is sent twice
 * and nothing is kept. It never holds up the end of the process.
 */
import type { IncomingMessage } from 'node:http';
import { request as overHttps } from 'node:https';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { type OtlpResource, otlpMetrics } from './otlp-metrics.ts';

// An import would read all of its exports, and one of them loads the client behind `fetch`: 11 MiB.
const { request: overHttp } = process.getBuiltinModule('node:http');

/** How long a collector may take to answer, milliseconds. */
export const OTLP_ANSWER_WAIT_MS = 10_000;

export interface OtlpOptions {
  /** Base address of the collector, such as http://127.0.0.1:4318; `/v1/metrics` is added. */
  readonly endpoint: string;
  readonly everyMs: number;
  readonly resource: OtlpResource;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** When the process started, milliseconds since 1970. */
  readonly startMs: number;
  wallMs(): number;
}

export interface OtlpExporter {
  /** Sends once now. Resolves when the collector took it or did not; never rejects. */
  send(): Promise<boolean>;
  stop(): void;
}

/** Begins to export. @throws TypeError for an endpoint that is no URL. */
export function startOtlpExporter(options: OtlpOptions): OtlpExporter {
  const url = new URL(`${options.endpoint.replace(/\/+$/, '')}/v1/metrics`);
  let isSending = false;
  let isFailing = false;
  const stopping = new AbortController();

  async function send(): Promise<boolean> {
    if (isSending || stopping.signal.aborted) return false;
    isSending = true;
    const { metrics, resource, startMs } = options;
    const body = otlpMetrics(metrics.rows(), resource, { startMs, nowMs: options.wallMs() });
    const refusal = await post(url, JSON.stringify(body), stopping.signal);
    isSending = false;
    if (stopping.signal.aborted) return false;
    if (refusal !== undefined && !isFailing) {
      options.log.warn('the collector takes no metrics', { endpoint: url.href, why: refusal });
    } else if (refusal === undefined && isFailing) {
      options.log.info('the collector takes metrics again', { endpoint: url.href });
    }
    isFailing = refusal !== undefined;
    return !isFailing;
  }

  const timer = setInterval(() => void send(), options.everyMs).unref();
  return {
    send,
    stop() {
      clearInterval(timer);
      stopping.abort();
    },
  };
}

/** Why it was not taken; undefined when it was. */
function post(url: URL, body: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const send = url.protocol === 'https:' ? overHttps : overHttp;
    const within = AbortSignal.any([signal, AbortSignal.timeout(OTLP_ANSWER_WAIT_MS)]);
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const sent = send(
      url,
      { method: 'POST', headers, signal: within, agent: false },
      (response: IncomingMessage) => {
        // Nothing in the answer is needed, so none of it is kept, however long it is.
        const status = response.statusCode ?? 0;
        resolve(status >= 200 && status < 300 ? undefined : `HTTP ${status}`);
        sent.destroy();
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end(body);
  });
}
