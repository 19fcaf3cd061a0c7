/** The source of `plinth kv import`, as its options name it. */
import { readFileSync } from 'node:fs';
import type { Endpoint } from '../kv/import/index.ts';
import { addressOf } from './address.ts';

const DEFAULT_PORT = 6379;

/**
 * The source of --from: `redis://[user[:password]@]host[:port]`, `valkey://...`, `unix:///path`,
 * `host:port`. A string says what is wrong with it.
 */
export function sourceOf(text: string, passwordFile: string | undefined): Endpoint | string {
  const secret = passwordFile === undefined ? undefined : readPassword(passwordFile);
  if (secret !== undefined && typeof secret !== 'string') return secret.problem;
  const plain = text.includes('://') ? undefined : addressOf(text);
  if (plain !== undefined) {
    return { address: { host: plain.address, port: plain.port }, password: secret };
  }
  const wrong = `--from is ${JSON.stringify(shown(text))}, wanted redis://host:port`;
  const url = URL.parse(text);
  if (url === null) return wrong;
  if (url.protocol === 'rediss:' || url.protocol === 'valkeys:') {
    return `${wrong}: TLS to the source is not supported, use a tunnel such as stunnel`;
  }
  const user = url.username === '' ? undefined : decodeURIComponent(url.username);
  const given = url.password === '' ? undefined : decodeURIComponent(url.password);
  const login = { user, password: secret ?? given };
  if (url.protocol === 'unix:') return { address: { path: url.pathname }, ...login };
  if (!/^(redis|valkey):$/.test(url.protocol) || url.hostname === '') return wrong;
  if (!/^\/?$/.test(url.pathname)) return `${wrong}: all databases are copied, none is chosen`;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { address: { host, port: url.port === '' ? DEFAULT_PORT : Number(url.port) }, ...login };
}

/** An address without its password, for messages. */
function shown(text: string): string {
  return text.replace(/:[^:@/]*@/, ':***@');
}

function readPassword(path: string): string | { readonly problem: string } {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { problem: `the password file ${path} cannot be read (${code})` };
  }
}
