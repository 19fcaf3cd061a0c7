/** For tests: an exchange without a connection, which keeps its answer. */
import { type ClientFacts, Exchange } from '../../core/http/index.ts';
import {
  type Fields,
  HEAD_LIMITS,
  lowerName,
  parseRequestHead,
  type ResponseHead,
} from '../../core/wire/index.ts';

interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly lines?: readonly string[];
  readonly from?: string;
}

export class FakeExchange extends Exchange {
  readonly client: ClientFacts;
  readonly bodyEnded = true;
  readonly isOver = false;
  readonly said: Record<string, string> = {};
  text = '';
  heads = 0;
  private readonly ended = Promise.withResolvers<void>();

  constructor(
    target: string,
    { method = 'PURGE', host = 'a.test', lines = [], from = '127.0.0.1' }: Asked = {},
  ) {
    super();
    const all = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...lines, '', ''];
    const bytes = Buffer.from(all.join('\r\n'), 'latin1');
    const result = parseRequestHead(this.request, bytes, 0, bytes.length, HEAD_LIMITS);
    if (result <= 0) throw new Error(`no request: ${target}`);
    this.client = {
      remoteAddress: from,
      remotePort: 1,
      localAddress: '127.0.0.1',
      localPort: 80,
      encrypted: false,
      serverName: '',
      isTrusted: false,
      addressBytes: Buffer.from(from),
      peerCertificate: () => undefined,
    };
  }

  /** The JSON of the answer, when it has come. */
  async answered(): Promise<Record<string, unknown>> {
    await this.ended.promise;
    return JSON.parse(this.text) as Record<string, unknown>;
  }

  wallMs(): number {
    return 0;
  }

  receive(): void {}
  resumeBody(): void {}
  interim(): void {}

  head(head: ResponseHead): void {
    this.heads++;
    this.status = head.status;
    for (const name of ['retry-after', 'www-authenticate', 'cache-control']) {
      const at = head.fields.findName(lowerName(name));
      if (at !== -1) this.said[name] = head.fields.value(at);
    }
  }

  data(bytes: Buffer): boolean {
    this.text += bytes.toString();
    return true;
  }

  end(_trailers: Fields | null): void {
    this.ended.resolve();
  }

  flush(): void {}
  abort(): void {}
}
