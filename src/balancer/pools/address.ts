/** Addresses of servers as settings write them: `host:port`, `[::1]:8080`, `unix:/path`. */
import type { ListenAddress } from '../../core/runtime/index.ts';

/** Undefined when it is none. */
export function parseServerAddress(text: string): ListenAddress | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice(5);
    return path.startsWith('/') ? { path } : undefined;
  }
  const match = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]\s/]+):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, host = '', digits = ''] = match;
  const port = Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  return { host: host.startsWith('[') ? host.slice(1, -1) : host, port };
}

/** As `parseServerAddress` reads it. */
export function serverAddressText(address: ListenAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}
