/**
 * Clients that ask a cache for what an unreliable origin has, and hold every answer against the truth:
 *
 * - a whole 200 is a version of that resource, byte for byte; a 206 is the part of it that it says; a 304 names a
 *   version; nothing of a broken answer looks whole;
 * - what was changed by a client is never again seen as it was before by that client;
 * - what must be validated each time is never older than what the origin had when the request began;
 * - what may not be stored is never sent twice;
 * - what was purged is seen by nobody who asks behind the answer to the purge.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createSimRandom, type SimRandom } from '../../../src/core/runtime/sim/index.ts';
import { startPlinthCache } from './cache-servers.ts';
import { askHttp2 } from './http2-client.ts';
import { ask, fieldOf, type Received, type ReceivedLine } from './raw-client.ts';
import { etagOf, LANGUAGES, parseEtag, type Resource, TruthBook } from './truth-book.ts';
import { TruthOrigin } from './truth-origin.ts';

export interface TruthOptions {
  readonly seed: number;
  readonly clients: number;
  readonly endMs: number;
  /** Answers after which it ends, if time has not. */
  readonly answersMax: number;
  /** Lines of the section `cache`; a rule that they have is named by `rule`. */
  readonly cache?: string;
  readonly rule?: string;
  /** How many times as long bodies are. */
  readonly scale?: number;
}

export interface TruthReport {
  readonly wrong: readonly string[];
  readonly answers: number;
  readonly whole: number;
  readonly broken: number;
  readonly hits: number;
  readonly parts: number;
  readonly notModified: number;
  readonly errors: number;
  readonly purges: number;
  readonly asked: number;
  readonly faults: number;
}

/** More than the memory holds, with the rest on a disk. */
export const CROWDED: Pick<TruthOptions, 'cache' | 'rule' | 'scale'> = {
  cache: `  memory: 16mb
  disk: { size: 256mb }
  rules: [{ name: crowded, lifetimes: { jitter: 0.2, early_refresh: 1 } }]`,
  rule: 'crowded',
  scale: 8,
};

/** Enough to see what is wrong. */
const WRONG_MAX = 20;

export async function runTruth(options: TruthOptions): Promise<TruthReport> {
  const random = createSimRandom(options.seed);
  const { cache: settings = '', rule = 'default', scale = 1 } = options;
  const book = new TruthBook(scale);
  const origin = await TruthOrigin.listen(book, random.fork());
  const cache = await startPlinthCache(origin.port, { cache: settings, rule });
  const tally = new Tally();
  try {
    const done = (): boolean =>
      performance.now() > options.endMs ||
      tally.answers >= options.answersMax ||
      tally.wrong.length >= WRONG_MAX;
    const lanes = Array.from({ length: options.clients }, (_, lane) =>
      new Client({ lane, book, tally, port: cache.port, random: random.fork() }).run(done),
    );
    const weather = (async (): Promise<void> => {
      while (!done()) {
        await sleep(300);
        origin.storm = !origin.storm;
      }
    })();
    await Promise.all([...lanes, weather]);
    if (cache.child.hasExited()) tally.wrong.push(`the cache has ended: ${cache.child.output()}`);
  } finally {
    await cache.stop();
    origin.close();
  }
  const faults = [...origin.faults.values()].reduce((sum, count) => sum + count, 0);
  return { ...tally, asked: origin.asked.all, faults };
}

class Tally {
  readonly wrong: string[] = [];
  answers = 0;
  whole = 0;
  broken = 0;
  hits = 0;
  parts = 0;
  notModified = 0;
  errors = 0;
  purges = 0;
}

interface ClientParts {
  readonly lane: number;
  readonly book: TruthBook;
  readonly tally: Tally;
  readonly port: number;
  readonly random: SimRandom;
}

class Client {
  private readonly is: ClientParts;
  /** By path: the version that this client has made. */
  private readonly made = new Map<string, number>();

  constructor(parts: ClientParts) {
    this.is = parts;
  }

  async run(done: () => boolean): Promise<void> {
    while (!done()) await this.once();
  }

  private async once(): Promise<void> {
    const { book, random, tally, port } = this.is;
    // Some are asked for often, some seldom.
    const most = random.chance(0.5) ? 20 : book.resources.length;
    const resource = book.resources[(random.below(most) * 7) % book.resources.length] as Resource;
    const language = LANGUAGES[random.below(LANGUAGES.length)] as string;
    const fields: ReceivedLine[] = [['Host', 'truth.example']];
    if (language !== '') fields.push(['X-Language', language]);
    if (random.chance(0.01)) {
      await this.purge(resource);
      return;
    }
    const method = random.chance(0.02) ? 'POST' : random.chance(0.05) ? 'HEAD' : 'GET';
    const { version: versionBefore, floor } = resource;
    const condition = random.chance(0.15)
      ? etagOf(resource.kind === 'varying' ? language : '', random.below(versionBefore + 1))
      : '';
    if (condition !== '') fields.push(['If-None-Match', condition]);
    if (random.chance(0.1)) {
      const first = random.below(6000);
      fields.push(['Range', `bytes=${first}-${first + random.below(6000)}`]);
    }
    if (random.chance(0.03)) fields.push(['Cache-Control', 'no-cache']);
    const body = method === 'POST' ? 'change' : '';
    const asks = random.chance(0.3) ? askHttp2 : ask;
    const received = await asks({ port, method, target: resource.path, fields, body }).catch(
      () => null,
    );
    tally.answers++;
    if (received === null || !received.whole) {
      tally.broken++;
      return;
    }
    const asked = { method, resource, language, versionBefore, floor, condition };
    const wrong = this.judge(asked, received);
    if (wrong !== '') {
      tally.wrong.push(
        `${method} ${resource.path} ${JSON.stringify(fields)}: ${wrong}; ${received.status} ${JSON.stringify(received.fields)}`,
      );
    }
  }

  private async purge(resource: Resource): Promise<void> {
    const { port, tally } = this.is;
    const { path: target, version } = resource;
    const fields: ReceivedLine[] = [['Host', 'truth.example']];
    const received = await ask({ port, method: 'PURGE', target, fields, body: '' });
    tally.answers++;
    if (received.status !== 200) tally.wrong.push(`PURGE ${target}: ${received.status}`);
    tally.purges++;
    resource.floor = Math.max(resource.floor, version);
  }

  /** Empty: all is as it must be. */
  private judge(
    { method, resource, language, versionBefore, floor, condition }: Asked,
    received: Received,
  ): string {
    const { tally } = this.is;
    const { status, fields } = received;
    if (status >= 500) {
      tally.errors++;
      return '';
    }
    if (method === 'POST') {
      const version = Number(fieldOf(fields, 'x-version'));
      if (!(version > 0)) return 'no answer of the origin to POST';
      this.made.set(resource.path, version);
      return '';
    }
    const age = fieldOf(fields, 'age');
    if (age !== undefined) tally.hits++;
    if (status === 416) return '';
    const etag = parseEtag(fieldOf(fields, 'etag') ?? '');
    if (etag === null) return 'no entity tag of ours';
    const wanted = resource.kind === 'varying' ? language : '';
    if (etag.language !== wanted) return `a variant for ${etag.language || 'nobody'}`;
    if (etag.version > resource.version) return 'a version that never was';
    if (etag.version < floor) return `version ${etag.version}, purged up to ${floor}`;
    const made = this.made.get(resource.path) ?? 0;
    if (etag.version < made) return `version ${etag.version}, changed to ${made} by this client`;
    if (['checked', 'never'].includes(resource.kind) && etag.version < versionBefore) {
      return `version ${etag.version}, ${versionBefore} when it was asked for`;
    }
    if (resource.kind === 'never' && age !== undefined) return 'from the store';
    if (fieldOf(fields, 'x-error') !== undefined) return 'a field of an error';
    return this.judgeBody(method, resource, { ...etag, condition }, received);
  }

  private judgeBody(
    method: string,
    { path }: Resource,
    etag: { readonly language: string; readonly version: number; readonly condition: string },
    { status, fields, body }: Received,
  ): string {
    const { book, tally } = this.is;
    const truth = book.body(path, etag.language, etag.version);
    const length = fieldOf(fields, 'content-length');
    if (status === 304) {
      tally.notModified++;
      return etag.condition === etagOf(etag.language, etag.version) ? '' : 'a 304 for another tag';
    }
    if (status === 206) {
      tally.parts++;
      const [, first, last, all] =
        /^bytes (\d+)-(\d+)\/(\d+)$/.exec(fieldOf(fields, 'content-range') ?? '') ?? [];
      // Of a body that still comes nobody knows whether it will be as long as its head says.
      const comes = fieldOf(fields, 'cache-status')?.includes('fwd=') ?? true;
      if (Number(all) !== truth.length && !comes) {
        return `a part of ${all} bytes, there are ${truth.length}`;
      }
      if (method === 'HEAD') return '';
      return truth.subarray(Number(first), Number(last) + 1).equals(body) ? '' : 'a wrong part';
    }
    if (status !== 200) return `status ${status}`;
    if (method === 'HEAD') {
      const right = length === undefined || Number(length) === truth.length;
      return right || fieldOf(fields, 'age') === undefined ? '' : 'a wrong length';
    }
    tally.whole++;
    return truth.equals(body)
      ? ''
      : `a wrong body of ${body.length} bytes, there are ${truth.length}`;
  }
}

interface Asked {
  readonly method: string;
  readonly resource: Resource;
  readonly language: string;
  readonly versionBefore: number;
  readonly floor: number;
  readonly condition: string;
}

export function truthLine(report: TruthReport): string {
  const { wrong, ...counts } = report;
  const all = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return `${all.join(', ')}, wrong ${wrong.length}`;
}
