/**
 * The seam to the name system: addresses and services of names, with how long an answer holds.
 *
 * A name without an answer is an ordinary outcome, so it is returned, not thrown.
 */

export interface AddressRecord {
  readonly address: string;
  readonly family: 4 | 6;
}

/** RFC 2782. */
export interface ServiceRecord {
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

export const resolveProblemTable = {
  'no-such-name': 'the name does not exist',
  'no-records': 'the name has no records of this kind',
  timeout: 'no name server answered in time',
  'server-failed': 'the name servers failed or refused',
  'bad-name': 'this cannot be a name',
  'bad-answer': 'the answer could not be understood',
  cancelled: 'the resolver was closed',
} as const;

export type ResolveProblem = keyof typeof resolveProblemTable;

export type Resolved<R> =
  /** `ttlMs`: how long `records` hold; of several records the shortest time. At least one record. */
  | { readonly ok: true; readonly records: readonly R[]; readonly ttlMs: number }
  | { readonly ok: false; readonly problem: ResolveProblem };

/** 0: both families. */
export type AddressFamily = 0 | 4 | 6;

export interface ResolverOptions {
  /** `address` or `address:port` or `[address]:port`; default: the system's. */
  readonly servers?: readonly string[];
  /** For one try of one server, milliseconds. */
  readonly timeoutMs: number;
  readonly tries: number;
  /** How long answers hold whose time Node does not tell: services (SRV) and the system's look-up. */
  readonly untoldTtlMs: number;
}

export interface Resolver {
  /**
   * A and AAAA records, by DNS alone. An IP address is its own answer. With family 0 a name may have records of
   * one family only; that the other could not be asked is a failure, lest half of the servers seem to be gone.
   */
  addresses(name: string, family: AddressFamily): Promise<Resolved<AddressRecord>>;
  /** What the system makes of the name: /etc/hosts and all else that getaddrinfo(3) asks. */
  systemAddresses(name: string, family: AddressFamily): Promise<Resolved<AddressRecord>>;
  /** SRV records. Node does not tell their time to live: it is `untoldTtlMs`. */
  services(name: string): Promise<Resolved<ServiceRecord>>;
  /** What is asked now is answered 'cancelled'. */
  close(): void;
}

export interface Names {
  /** @throws when a server is no IP address. */
  resolver(options: ResolverOptions): Resolver;
}
