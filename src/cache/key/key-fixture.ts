/** For tests and benches: requests as the parser gives them. */
import { HEAD_LIMITS, parseRequestHead, RequestHead } from '../../core/wire/index.ts';

/** `lines` are fields beside Host, `name: value` each. @throws when the parser refuses it. */
export function requestFor(
  target: string,
  { host = 'example.com', method = 'GET', lines = [] as readonly string[] } = {},
): RequestHead {
  const all = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...lines, '', ''];
  const bytes = Buffer.from(all.join('\r\n'), 'latin1');
  const request = new RequestHead();
  const result = parseRequestHead(request, bytes, 0, bytes.length, HEAD_LIMITS);
  if (result <= 0) throw new Error(`no request: ${method} ${target}, ${host}: ${result}`);
  return request;
}
