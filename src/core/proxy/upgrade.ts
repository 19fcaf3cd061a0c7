/**
 * Which upgrades of HTTP/1.1 a proxy passes on. RFC 9110 section 7.8.
 *
 * Not those to HTTP itself (`h2c`, `HTTP/2.0`) and to TLS: behind them other requests would go to the server past
 * every rule of ours. They are left out, which a server may always do; the request is then an ordinary one.
 */
import { FieldId, type RequestHead } from '../wire/index.ts';

const REFUSED = ['h2c', 'h2', 'tls', 'http'];

/** The value of Upgrade to send on, undefined when there is none. */
export function upgradeOf(request: RequestHead): string | undefined {
  if (!request.upgrade) return undefined;
  const { fields } = request;
  for (let i = fields.find(FieldId.upgrade); i !== -1; i = fields.find(FieldId.upgrade, i + 1)) {
    const value = fields.value(i).toLowerCase();
    for (const protocol of value.split(',')) {
      const name = protocol.split('/', 1)[0]!.trim();
      if (REFUSED.includes(name)) return undefined;
    }
  }
  return fields.getList(FieldId.upgrade);
}
