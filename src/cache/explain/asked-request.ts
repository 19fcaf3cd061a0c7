/** A request that somebody describes, as the parser gives it: for explaining what would become of it. */
import { HEAD_LIMITS, parseRequestHead, RequestHead } from '../../core/wire/index.ts';

export interface AskedRequest {
  readonly method: string;
  /** Absolute, of http or https. */
  readonly url: string;
  /** `name: value` each. */
  readonly headers: readonly string[];
}

export type ReadRequest =
  | { readonly ok: true; readonly request: RequestHead; readonly encrypted: boolean }
  | { readonly ok: false; readonly says: string };

const no = (says: string): ReadRequest => ({ ok: false, says });

export function readAsked({ method, url, headers }: AskedRequest): ReadRequest {
  const found = /^(https?):\/\/([^/?#]+)([^#]*)$/i.exec(url);
  if (found === null) return no(`${JSON.stringify(url)} is no absolute URL of http or https`);
  const [, scheme = '', authority = '', origin = ''] = found;
  const target = origin.startsWith('/') ? origin : `/${origin}`;
  for (const header of headers) {
    if (!/^[^\s:]+:[^\r\n]*$/.test(header)) {
      return no(`${JSON.stringify(header)} is no field; wanted name: value`);
    }
    if (/^host:/i.test(header)) return no('the host is that of the URL');
  }
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${authority}`, ...headers, '', ''];
  const bytes = Buffer.from(lines.join('\r\n'), 'utf8');
  const request = new RequestHead();
  const isRead = parseRequestHead(request, bytes, 0, bytes.length, HEAD_LIMITS) === bytes.length;
  if (!isRead) return no('no such request would be taken: its method, URL or fields are not right');
  return { ok: true, request, encrypted: scheme.toLowerCase() === 'https' };
}
