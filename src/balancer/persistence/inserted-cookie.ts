/**
 * The cookie by which the balancer itself binds a session. The client cannot read from it which servers
 * there are, and every balancer with the same secret understands it.
 *
 *     opaque   <server id>                            the same for all sessions of a server
 *     signed   <server id>.<issued>.<mac>             ends after `maxAgeMs` and cannot be made up
 *
 * The server id is the first 12 bytes of HMAC-SHA-256(secret, "server:" + name), base64url. An opaque one
 * can be handed to somebody else, so a client can choose among servers that it has met. `issued` is the
 * time in seconds, base 36; the mac the first 16 bytes of HMAC-SHA-256(secret, "cookie:" + all before the
 * dot), base64url. Macs are compared in constant time.
 * A value that is not one of ours is an ordinary outcome: undefined, and the session is placed anew.
 * Source: RFC 6265 for the field; value and attributes are of its cookie-octets.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { invariant } from '../../core/base/index.ts';
import type { Server } from '../servers/server.ts';

export interface InsertedCookieOptions {
  /** Name of the cookie, a token of RFC 9110. */
  readonly name: string;
  readonly form: 'opaque' | 'signed';
  /** At least 16 bytes; the same on all nodes. */
  readonly secret: Buffer;
  /** How long a session may stay bound, in milliseconds; Infinity for as long as the browser runs. */
  readonly maxAgeMs: number;
  readonly path: string;
  readonly domain: string | undefined;
  readonly secure: boolean;
  readonly sameSite: 'Strict' | 'Lax' | 'None';
}

const SERVER_ID_BYTES = 12;
const MAC_BYTES = 16;
/** Cookies that claim to be made later than this from now are not ours, in seconds. */
const CLOCK_SKEW_SECONDS = 300;

export class InsertedCookie {
  private readonly options: InsertedCookieOptions;
  private readonly attributes: string;
  private byId = new Map<string, Server>();
  private readonly ids = new WeakMap<Server, string>();

  constructor(options: InsertedCookieOptions) {
    invariant(options.secret.length >= 16, 'the secret of a cookie has at least 16 bytes');
    this.options = options;
    const { path, domain, maxAgeMs, secure, sameSite } = options;
    this.attributes = [
      `; Path=${path}`,
      domain === undefined ? '' : `; Domain=${domain}`,
      Number.isFinite(maxAgeMs) ? `; Max-Age=${Math.floor(maxAgeMs / 1000)}` : '',
      '; HttpOnly',
      secure ? '; Secure' : '',
      `; SameSite=${sameSite}`,
    ].join('');
  }

  /** The servers of the pool, after every change of its members. */
  know(servers: Iterable<Server>): void {
    this.byId = new Map([...servers].map((server) => [this.idOf(server), server]));
  }

  /** The server that a cookie's value names; undefined when it names none, is forged, or too old. */
  read(value: string, wallMs: number): Server | undefined {
    if (this.options.form === 'opaque') return this.byId.get(value);
    const last = value.lastIndexOf('.');
    const first = value.indexOf('.');
    if (first <= 0 || last <= first) return undefined;
    const mac = Buffer.from(value.slice(last + 1), 'base64url');
    const wanted = this.mac(`cookie:${value.slice(0, last)}`, MAC_BYTES);
    if (mac.length !== wanted.length || !timingSafeEqual(mac, wanted)) return undefined;
    const age = Math.floor(wallMs / 1000) - Number.parseInt(value.slice(first + 1, last), 36);
    if (!(age >= -CLOCK_SKEW_SECONDS && age * 1000 <= this.options.maxAgeMs)) return undefined;
    return this.byId.get(value.slice(0, first));
  }

  /** The value of a Set-Cookie field that binds a session to this server. */
  write(server: Server, wallMs: number): string {
    return `${this.options.name}=${this.valueFor(server, wallMs)}${this.attributes}`;
  }

  private valueFor(server: Server, wallMs: number): string {
    const id = this.idOf(server);
    if (this.options.form === 'opaque') return id;
    const claim = `${id}.${Math.floor(wallMs / 1000).toString(36)}`;
    return `${claim}.${this.mac(`cookie:${claim}`, MAC_BYTES).toString('base64url')}`;
  }

  private idOf(server: Server): string {
    let id = this.ids.get(server);
    if (id === undefined) {
      id = this.mac(`server:${server.name}`, SERVER_ID_BYTES).toString('base64url');
      this.ids.set(server, id);
    }
    return id;
  }

  private mac(text: string, bytes: number): Buffer {
    return createHmac('sha256', this.options.secret).update(text).digest().subarray(0, bytes);
  }
}
