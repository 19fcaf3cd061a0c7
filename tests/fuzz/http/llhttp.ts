/**
 * The oracle: llhttp, the parser that Node itself uses, with all its leniencies off.
 *
 * Node exports it, undocumented, from `_http_common`; a Node without it fails the test loudly.
 */
import { createRequire } from 'node:module';
import type { MessageView, Side, StreamView } from './view.ts';

interface Parser {
  initialize(type: number, resource: object, headerBytesMax: number, leniency: number): void;
  execute(
    bytes: Buffer,
  ): number | (Error & { readonly code: string; readonly bytesParsed: number });
  close(): void;
  [callback: number]: unknown;
}
interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

const common = createRequire(import.meta.url)('_http_common') as {
  readonly HTTPParser: ParserClass;
  readonly methods: readonly string[];
};
const { HTTPParser } = common;
/** Methods that llhttp knows; it refuses all others. */
export const knownMethods: ReadonlySet<string> = new Set(common.methods);

const HEADER_BYTES_MAX = 1024 * 1024;
/** What `kOnHeadersComplete` may answer. */
const GO_ON = 0;
const SKIP_BODY = 1;
const NO_MORE_HTTP = 2;

type Pairs = readonly string[] | undefined;

/** Reads the pieces one after the other. */
export function readTheirs(pieces: readonly Buffer[], side: Side): StreamView {
  const messages: MessageView[] = [];
  let end = 'waiting';
  let pending: string[] = [];
  let url = '';
  let current: MessageView | null = null;
  const parser = new HTTPParser();
  const isRequest = side.type === 'request';
  parser.initialize(isRequest ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, HEADER_BYTES_MAX, 0);
  // Fields come here when there are many, and those of the trailer section.
  parser[HTTPParser.kOnHeaders] = (pairs: string[], part: string) => {
    pending.push(...pairs);
    if (current === null || current.complete) url += part;
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    major: number,
    minor: number,
    pairs: Pairs,
    method: number | undefined,
    target: string | undefined,
    status: number | undefined,
    reason: string | undefined,
    upgrade: boolean,
    keepAlive: boolean,
  ): number => {
    const version = major * 10 + minor;
    const name = method === undefined ? '' : (common.methods[method] ?? `#${method}`);
    const whole = target === undefined ? url : target;
    current = {
      start: isRequest ? `${name} ${whole} ${version}` : `${status} ${reason} ${version}`,
      method: name,
      target: isRequest ? whole : '',
      fields: paired([...pending, ...(pairs ?? [])]),
      hostReplaced: false,
      keepAlive,
      upgrade,
      body: '',
      trailers: [],
      complete: false,
    };
    pending = [];
    url = '';
    messages.push(current);
    if (isRequest) return GO_ON;
    if (side.requestMethod === 'HEAD') return SKIP_BODY;
    const tunnel = side.requestMethod === 'CONNECT' && status! >= 200 && status! < 300;
    if (tunnel) {
      current.upgrade = true;
      end = 'tunnel';
      return NO_MORE_HTTP;
    }
    return GO_ON;
  };
  parser[HTTPParser.kOnBody] = (bytes: Buffer) => {
    if (current !== null) current.body += bytes.toString('latin1');
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    if (current === null) return;
    current.trailers = paired(pending);
    pending = [];
    current.complete = true;
    if (current.upgrade) end = 'tunnel';
  };
  for (const piece of pieces) {
    if (end !== 'waiting') break;
    const result = parser.execute(piece);
    if (typeof result !== 'number') end = result.code;
    // Node hides errors in the body of a request for an upgrade.
    else if (result < piece.length && end === 'waiting') end = 'hidden-error';
  }
  // Its memory is outside of the heap, and nobody collects it while this loop runs.
  parser.close();
  return { messages, end };
}

function paired(list: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < list.length; i += 2) pairs.push([list[i]!, list[i + 1]!]);
  return pairs;
}
