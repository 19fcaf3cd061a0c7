/**
 * Names over `node:dns`.
 */
import { lookup, promises } from 'node:dns';
import { isIP } from 'node:net';
import { errorCode } from '../disk.ts';
import type {
  AddressFamily,
  AddressRecord,
  Names,
  Resolved,
  ResolveProblem,
  Resolver,
  ResolverOptions,
  ServiceRecord,
} from '../resolver.ts';

export function createNodeNames(): Names {
  return { resolver: (options) => new NodeResolver(options) };
}

/** An address does not change its meaning. */
const literalTtlMs = 24 * 3600 * 1000;

interface TimedAddress {
  readonly address: string;
  readonly ttl: number;
}

class NodeResolver implements Resolver {
  private readonly options: ResolverOptions;
  private readonly dns: promises.Resolver;
  private closed = false;

  constructor(options: ResolverOptions) {
    this.options = options;
    this.dns = new promises.Resolver({ timeout: options.timeoutMs, tries: options.tries });
    if (options.servers !== undefined) this.dns.setServers(options.servers);
  }

  async addresses(name: string, family: AddressFamily): Promise<Resolved<AddressRecord>> {
    const literal = literalOf(name, family);
    if (literal !== undefined) return literal;
    if (family !== 0) return this.ofFamily(name, family);
    const [v4, v6] = await Promise.all([this.ofFamily(name, 4), this.ofFamily(name, 6)]);
    if (!v4.ok) return isDefinite(v4.problem) ? v6 : v4;
    if (!v6.ok) return isDefinite(v6.problem) ? v4 : v6;
    return {
      ok: true,
      records: [...v4.records, ...v6.records],
      ttlMs: Math.min(v4.ttlMs, v6.ttlMs),
    };
  }

  async systemAddresses(name: string, family: AddressFamily): Promise<Resolved<AddressRecord>> {
    const literal = literalOf(name, family);
    if (literal !== undefined) return literal;
    const { timeoutMs, tries, untoldTtlMs } = this.options;
    return new Promise((resolve) => {
      // getaddrinfo(3) cannot be given a time, so its answer is only not waited for.
      const timer = setTimeout(() => resolve(failed('timeout')), timeoutMs * tries);
      lookup(name, { all: true, family }, (error, found) => {
        clearTimeout(timer);
        if (this.closed) resolve(failed('cancelled'));
        else if (error !== null) resolve(failed(problemOf(error)));
        else {
          const records = found.map((one): AddressRecord => addressOf(one.address));
          resolve(
            records.length > 0 ? { ok: true, records, ttlMs: untoldTtlMs } : failed('no-records'),
          );
        }
      });
    });
  }

  async services(name: string): Promise<Resolved<ServiceRecord>> {
    try {
      const found = await this.dns.resolveSrv(name);
      const records = found.map((one) => ({
        host: one.name,
        port: one.port,
        priority: one.priority,
        weight: one.weight,
      }));
      // RFC 2782: a target of "." says that the service is decidedly not there; Node gives it as ''.
      const offered = records.filter(({ host }) => host !== '' && host !== '.');
      if (offered.length === 0) return failed('no-records');
      return { ok: true, records: offered, ttlMs: this.options.untoldTtlMs };
    } catch (error) {
      return failed(problemOf(error));
    }
  }

  close(): void {
    this.closed = true;
    this.dns.cancel();
  }

  private async ofFamily(name: string, family: 4 | 6): Promise<Resolved<AddressRecord>> {
    try {
      const found: TimedAddress[] =
        family === 4
          ? await this.dns.resolve4(name, { ttl: true })
          : await this.dns.resolve6(name, { ttl: true });
      if (found.length === 0) return failed('no-records');
      return {
        ok: true,
        records: found.map(({ address }): AddressRecord => ({ address, family })),
        ttlMs: Math.min(...found.map(({ ttl }) => ttl)) * 1000,
      };
    } catch (error) {
      return failed(problemOf(error));
    }
  }
}

/** The name servers have answered, and the answer is no. */
function isDefinite(problem: ResolveProblem): boolean {
  return problem === 'no-records' || problem === 'no-such-name';
}

function literalOf(name: string, family: AddressFamily): Resolved<AddressRecord> | undefined {
  if (isIP(name) === 0) return undefined;
  const record = addressOf(name);
  if (family !== 0 && record.family !== family) return failed('no-records');
  return { ok: true, records: [record], ttlMs: literalTtlMs };
}

function addressOf(address: string): AddressRecord {
  return { address, family: isIP(address) === 6 ? 6 : 4 };
}

function failed(problem: ResolveProblem): { ok: false; problem: ResolveProblem } {
  return { ok: false, problem };
}

/** Codes: https://nodejs.org/api/dns.html#error-codes */
function problemOf(error: unknown): ResolveProblem {
  switch (errorCode(error)) {
    case 'ENOTFOUND':
      return 'no-such-name';
    case 'ENODATA':
      return 'no-records';
    case 'ETIMEOUT':
    case 'EAI_AGAIN':
      return 'timeout';
    case 'ECANCELLED':
    case 'EDESTRUCTION':
      return 'cancelled';
    case 'EBADNAME':
    case 'ERR_INVALID_ARG_VALUE':
    case 'ERR_INVALID_ARG_TYPE':
      return 'bad-name';
    case 'EBADRESP':
    case 'EFORMERR':
    case 'EBADSTR':
      return 'bad-answer';
    default:
      return 'server-failed'; // ESERVFAIL, EREFUSED, ECONNREFUSED, ENOTIMP and the system's own
  }
}
