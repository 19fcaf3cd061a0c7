/** One large object there and back: a single PUT, an upload in parts, a GET; beside `dd` in the same folder, and what only sends. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ContentCheck, contentOf, MEBIBYTE } from './bytes.ts';
import type { DoorClient } from './door-client.ts';
import type { ServerGroup } from './servers.ts';

export const LARGE_WORK = ['put', 'parts', 'get'] as const;
export type LargeWork = (typeof LARGE_WORK)[number];

/** Of one piece of work in one round. */
export interface LargeSample {
  readonly mibPerSecond: number;
  /** Of all processes, for 1 GiB. */
  readonly cpuSeconds: number;
}

/** By what was measured, then by work: a sample of each round. */
export type LargeSamples = Map<string, Map<LargeWork | string, LargeSample[]>>;

/** As AWS CLI has them unless told otherwise. */
const PART_BYTES = 8 * MEBIBYTE;
const PARTS_AT_ONCE = 4;
const BUCKET = 'large';
/** What is read. */
export const LARGE_PATH = `${BUCKET}/one`;

/** @param senders have the object already and are only read. @param bytes a whole number of MiB. */
export async function measureLarge(
  servers: readonly ServerGroup[],
  senders: readonly ServerGroup[],
  { bytes, rounds, scratch }: { bytes: number; rounds: number; scratch: string },
): Promise<LargeSamples> {
  const samples: LargeSamples = new Map();
  for (const server of servers) await server.makeBucket(BUCKET);
  for (let round = 0; round < rounds; round++) {
    for (const [what, sample] of ddSamples(bytes, scratch)) keep(samples, 'dd', what, sample);
    for (const sender of senders) {
      const sample = await measured(sender, bytes, (client) => get(sender, client, bytes));
      keep(samples, sender.name, 'get', sample);
    }
    for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
      const all = { put, parts, get };
      for (const work of LARGE_WORK) {
        const sample = await measured(server, bytes, (client) => all[work](server, client, bytes));
        keep(samples, server.name, work, sample);
      }
      await remove(server);
    }
  }
  return samples;
}

function keep(samples: LargeSamples, name: string, work: string, sample: LargeSample): void {
  const rows = samples.get(name) ?? new Map<string, LargeSample[]>();
  samples.set(name, rows);
  rows.set(work, [...(rows.get(work) ?? []), sample]);
}

async function measured(
  server: ServerGroup,
  bytes: number,
  work: (client: DoorClient) => Promise<void>,
): Promise<LargeSample> {
  const client = await server.client();
  try {
    const cpu = server.cpuMicros();
    const from = performance.now();
    await work(client);
    const seconds = (performance.now() - from) / 1000;
    const cpuSeconds = (server.cpuMicros() - cpu) / 1e6;
    return sampleOf(bytes, seconds, cpuSeconds);
  } finally {
    client.close();
  }
}

function sampleOf(bytes: number, seconds: number, cpuSeconds: number): LargeSample {
  return {
    mibPerSecond: bytes / MEBIBYTE / seconds,
    cpuSeconds: cpuSeconds * (2 ** 30 / bytes),
  };
}

async function put(_: ServerGroup, client: DoorClient, bytes: number): Promise<void> {
  await client.ask({ method: 'PUT', path: LARGE_PATH, body: contentOf(0, bytes) });
}

async function parts(server: ServerGroup, client: DoorClient, bytes: number): Promise<void> {
  const path = `${BUCKET}/parts`;
  const begun = await client.ask({ method: 'POST', path, query: { uploads: '' } });
  const uploadId = /<UploadId>([^<]+)</.exec(begun.text)?.[1] ?? '';
  const etags: string[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    const own = await server.client();
    for (let part = next++; part * PART_BYTES < bytes; part = next++) {
      const body = contentOf(part * PART_BYTES, Math.min(bytes, (part + 1) * PART_BYTES));
      const query = { partNumber: String(part + 1), uploadId };
      const { fields } = await own.ask({ method: 'PUT', path, query, body });
      etags[part] = fields.get('etag') ?? '';
    }
    own.close();
  };
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, lane));
  const rows = etags.map(
    (etag, part) => `<Part><PartNumber>${part + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  );
  const document = `<CompleteMultipartUpload>${rows.join('')}</CompleteMultipartUpload>`;
  const body = [Buffer.from(document)];
  const { text } = await client.ask({ method: 'POST', path, query: { uploadId }, body });
  if (!text.includes('CompleteMultipartUploadResult')) throw new Error(text);
}

async function get(_: ServerGroup, client: DoorClient, bytes: number): Promise<void> {
  const check = new ContentCheck();
  const onBytes = (piece: Buffer): void => check.take(piece);
  const answer = await client.ask({ method: 'GET', path: LARGE_PATH, onBytes });
  if (answer.bodyBytes !== bytes) throw new Error(`${answer.bodyBytes} bytes came`);
}

async function remove(server: ServerGroup): Promise<void> {
  const client = await server.client();
  for (const key of ['one', 'parts']) {
    await client.ask({ method: 'DELETE', path: `${BUCKET}/${key}` });
  }
  client.close();
}

/** The raw disk, and the page cache. */
function ddSamples(bytes: number, scratch: string): [string, LargeSample][] {
  const path = join(scratch, 'dd');
  const count = `bs=1M count=${bytes / MEBIBYTE}`;
  const samples: [string, LargeSample][] = [
    ['write', ddSample(`dd if=/dev/zero of=${path} ${count} conv=fdatasync`, bytes)],
    // What was written is in the page cache.
    ['read', ddSample(`dd if=${path} of=/dev/null ${count}`, bytes)],
  ];
  rmSync(path);
  const direct = `dd if=/dev/zero of=${path} ${count} oflag=direct conv=fdatasync`;
  samples.push(['direct', ddSample(direct, bytes)]);
  rmSync(path);
  return samples;
}

function ddSample(command: string, bytes: number): LargeSample {
  const from = performance.now();
  const said = execFileSync('bash', ['-c', `${command} status=none; times`], { encoding: 'utf8' });
  const seconds = (performance.now() - from) / 1000;
  // The second line of `times` is of the children: `0m0.012s 0m0.345s`.
  const [user = 0, system = 0] = [...(said.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  return sampleOf(bytes, seconds, user + system);
}
