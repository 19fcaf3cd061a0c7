/** Requests without a connection, for tests of stages: made of text, with their answers written down. */
import { type ClientFacts, Exchange } from '../../core/http/index.ts';
import {
  encodeResponseHead,
  HEAD_LIMITS,
  parseRequestHead,
  type ResponseHead,
  responseHeadBytesMax,
} from '../../core/wire/index.ts';

export interface VisitOptions {
  readonly method?: string;
  readonly host?: string;
  /** `Name: value`. */
  readonly fields?: readonly string[];
  readonly from?: string;
  /** The one that it came to. */
  readonly port?: number;
  readonly isTrusted?: boolean;
  readonly wallMs?: number;
}

export class Visit extends Exchange {
  readonly client: ClientFacts;
  readonly bodyEnded = true;
  isOver = false;
  /** The head of the response as text; empty before. */
  answer = '';
  body = '';
  aborted = false;
  private readonly nowMs: number;

  constructor(target: string, options: VisitOptions = {}) {
    super();
    const client = clientOf(options.from ?? '192.0.2.1', options.isTrusted ?? false);
    this.client = { ...client, localPort: options.port ?? client.localPort };
    this.nowMs = options.wallMs ?? 0;
    const { method = 'GET', host = 'example.com', fields = [] } = options;
    const text = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...fields, '', ''].join('\r\n');
    const bytes = Buffer.from(text, 'latin1');
    const end = parseRequestHead(this.request, bytes, 0, bytes.length, HEAD_LIMITS);
    if (end !== bytes.length) throw new Error(`no request: ${text}`);
  }

  /** What the next stage sees: path and query. */
  get origin(): string {
    const { request } = this;
    return request.path() + (request.hasQuery ? `?${request.query()}` : '');
  }

  /** A field of the response, those of one name joined by commas. */
  field(name: string): string | undefined {
    const values = this.answer
      .split('\r\n')
      .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
      .map((line) => line.slice(name.length + 1).trim());
    return values.length === 0 ? undefined : values.join(', ');
  }

  wallMs(): number {
    return this.nowMs;
  }

  receive(): void {}
  resumeBody(): void {}
  interim(): void {}

  head(head: ResponseHead): void {
    this.status = head.status;
    const out = Buffer.alloc(responseHeadBytesMax(head, null));
    this.answer = out.toString('latin1', 0, encodeResponseHead(out, 0, head, null));
  }

  data(bytes: Buffer): boolean {
    this.body += bytes.toString('latin1');
    return true;
  }

  end(): void {}
  flush(): void {}

  abort(): void {
    this.aborted = true;
    this.isOver = true;
  }
}

export function clientOf(address: string, isTrusted = false): ClientFacts {
  return {
    ...{ remoteAddress: address, remotePort: 1, localAddress: '192.0.2.2', localPort: 80 },
    ...{ encrypted: false, serverName: '', isTrusted },
    addressBytes: Buffer.from(address, 'latin1'),
    peerCertificate: () => undefined,
  };
}
