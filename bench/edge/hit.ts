/**
 * What a hit costs through a point of presence, beside a hit of the bare cache of the same program: processor time by
 * request. The PoP has a guard with limits that everybody keeps, and rules of access without and with a signature.
 */
import { signUrl } from '../../src/edge/access/sign.ts';
import { type Done, runWrk } from '../http/loads.ts';
import { type Measured, PinnedBed } from '../http/pinned.ts';
import { measureRounds, type Samples } from '../http/rounds.ts';
import { HOST, startBareCache, startOrigin, startPinnedPop } from './bed.ts';

/** The target of the specification; without a signature. */
export const HIT_RATIO_MAX = 1.15;
const BODY_BYTES = 1024;
const CONNECTIONS = 50;
const KEY = { name: 'k1', secret: 'a secret of the bench network' };

export const HITS = ['bare cache', 'guard', 'guard, access', 'guard, signed URL'] as const;
export type HitName = (typeof HITS)[number];

/** One address asks more than any flood: what the guard does is done, but for holding it back. */
const edge = (originPort: number, site: string): string => `  guard:
    adaptive: { enabled: false }
    rules: [ { name: users, per_second: 1000000000, burst: 1000000, wide_per_second: 1000000000, wide_burst: 1000000 } ]
  access:
    - { name: home, hotlink: { hosts: [www.test] } }
    - { name: members, signed: { by: url, keys: [ { name: ${KEY.name}, secret: ${KEY.secret} } ] } }
  sites:
    - name: www
      hosts: ["${HOST}"]
      origin: { servers: [ { name: one, address: "127.0.0.1:${originPort}" } ] }
      ${site}
`;

const sites: Readonly<Record<Exclude<HitName, 'bare cache'>, string>> = {
  guard: 'guard: users',
  'guard, access': 'guard: users\n      access: home',
  'guard, signed URL': 'guard: users\n      access: members',
};

export interface HitOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Folder for processor profiles; empty for none. */
  readonly profile: string;
}

export async function measureHits({ rounds, seconds, profile }: HitOptions): Promise<Samples> {
  const bed = new PinnedBed('bench-edge');
  try {
    const originPort = await startOrigin(bed, BODY_BYTES);
    const measured: Measured[] = [];
    for (const name of HITS) {
      const wanted = { name: name.replaceAll(/\W+/g, '-'), profile };
      const { port, child } =
        name === 'bare cache'
          ? await startBareCache(bed, wanted, originPort)
          : await startPinnedPop(bed, wanted, edge(originPort, sites[name]));
      measured.push({ name, port, child });
    }
    const signed = measured.find(({ name }) => name === 'guard, signed URL')?.port;
    const load = (port: number, forSeconds: number): Promise<Done> => {
      const plain = `http://${HOST}:${port}/page`;
      const url = port === signed ? signUrl(plain, { key: KEY, until: 4_000_000_000 }) : plain;
      return runWrk({ url, bodyBytes: BODY_BYTES, seconds: forSeconds }, CONNECTIONS);
    };
    return await measureRounds(measured, load, { rounds, seconds });
  } finally {
    await bed.stop();
  }
}
