/**
 * What is measured of the edge: points of presence and bare caches of the same program, each pinned to PROXY_CORE with
 * a file of its own, and an origin of nginx on LOAD_CORE.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../tests/support/process.ts';
import { LOAD_CORE, type Measured, type PinnedBed, PROXY_CORE } from '../http/pinned.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** What users ask for; wrk says it by its URL. */
export const HOST = '127.0.0.1';

/** Answers everything with so many bytes that are fresh for an hour. @returns its port. */
export async function startOrigin(bed: PinnedBed, bodyBytes: number): Promise<number> {
  const port = await freePort();
  const server = `server { listen 127.0.0.1:${port}; default_type text/plain;
    location / { add_header Cache-Control max-age=3600; return 200 "${'x'.repeat(bodyBytes)}"; } }`;
  await bed.start(LOAD_CORE, port, bed.nginx('origin', '', bed.nginxHttp(server)));
  return port;
}

export interface Wanted {
  readonly name: string;
  /** Folder for a processor profile; empty for none. */
  readonly profile?: string;
}

/** A PoP alone in its network. @param edge lines of the section `edge`, two blanks before each. */
export function startPinnedPop(bed: PinnedBed, wanted: Wanted, edge: string): Promise<Measured> {
  const { name } = wanted;
  return start(bed, wanted, async (port) => {
    const [tier, bus] = [await freePort(), await freePort()];
    return `edge:
  enabled: true
  pop: ${name}
  secret: a secret of the bench network
  pops: [ { name: ${name}, latitude: 0, longitude: 0, http_port: ${port}, tier_port: ${tier}, bus_port: ${bus} } ]
${edge}`;
  });
}

/** The same program as a balancer with a cache. */
export function startBareCache(
  bed: PinnedBed,
  wanted: Wanted,
  originPort: number,
): Promise<Measured> {
  return start(
    bed,
    wanted,
    async (port) => `balancer:
  listeners: [{ name: web, port: ${port} }]
  pools: [{ name: origin, servers: [{ name: one, address: "127.0.0.1:${originPort}" }] }]
  routes: [{ name: all, pool: origin, cache: default }]
`,
  );
}

async function start(
  bed: PinnedBed,
  { name, profile = '' }: Wanted,
  sections: (port: number) => Promise<string>,
): Promise<Measured> {
  const port = await freePort();
  const file = join(bed.folder, `${name}.yaml`);
  writeFileSync(
    file,
    `node: { data: ${join(bed.folder, name)} }
kv: { enabled: false }
files: { enabled: false }
admin: { enabled: false }
cache: { memory: 64mb }
${await sections(port)}`,
  );
  const profiled = profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const command = [process.execPath, ...profiled, main, 'up', '--json', '--config', file];
  return { name, port, child: await bed.start(PROXY_CORE, port, command) };
}
