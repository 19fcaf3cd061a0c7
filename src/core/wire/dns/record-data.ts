/** What records say, by their type. Octets within texts are strings of one character each. */
import type { DnsName } from './name.ts';

export type RecordData =
  | { readonly type: 'A'; readonly address: string }
  | { readonly type: 'AAAA'; readonly address: string }
  | { readonly type: 'NS' | 'CNAME' | 'PTR'; readonly target: DnsName }
  | StartOfAuthority
  | { readonly type: 'MX'; readonly preference: number; readonly target: DnsName }
  | { readonly type: 'TXT'; readonly texts: readonly string[] }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: DnsName;
    }
  | ServiceBinding
  /** RFC 8659 section 4.1. */
  | { readonly type: 'CAA'; readonly flags: number; readonly tag: string; readonly value: string }
  | { readonly type: 'HINFO'; readonly cpu: string; readonly os: string }
  /** Any other, as it is on the wire (RFC 3597). */
  | { readonly type: number; readonly bytes: Buffer };

/** RFC 1035 section 3.3.13, RFC 2308 section 4. */
export interface StartOfAuthority {
  readonly type: 'SOA';
  readonly primary: DnsName;
  readonly contact: DnsName;
  readonly serial: number;
  readonly refreshSeconds: number;
  readonly retrySeconds: number;
  readonly expireSeconds: number;
  readonly negativeSeconds: number;
}

/** RFC 9460 section 2.2; parameters in the order of their keys, none twice. */
export interface ServiceBinding {
  readonly type: 'SVCB' | 'HTTPS';
  /** 0: an alias, without parameters. */
  readonly priority: number;
  readonly target: DnsName;
  readonly params: readonly ServiceParam[];
}

export interface ServiceParam {
  readonly key: number;
  readonly value: Buffer;
}

/** Records of one name, type and class, which have one TTL (RFC 2181 section 5). */
export interface DnsRecord {
  readonly owner: DnsName;
  readonly class: number;
  readonly ttlSeconds: number;
  readonly data: RecordData;
}
