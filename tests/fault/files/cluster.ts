/** A NameNode and several DataNodes as processes, and a client of the WebHDFS door that keeps the hashes of what it wrote. */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Child,
  freePort,
  startChild,
  temporaryFolder,
  waitUntil,
} from '../../support/process.ts';

const main = join(dirname(fileURLToPath(import.meta.url)), '../../../src/main.ts');
const START_MS = 60_000;

export type Facts = Readonly<Record<string, number | boolean | string>>;

interface Member {
  readonly args: readonly string[];
  readonly admin: number;
  child: Child;
}

export class FilesCluster {
  readonly folder: string;
  readonly nodes: Member[] = [];
  private readonly name: Member;
  private readonly webHdfs: number;
  private readonly removeFolder: () => void;

  private constructor(
    name: Member,
    parts: { readonly folder: string; readonly webHdfs: number; readonly remove: () => void },
  ) {
    this.name = name;
    this.folder = parts.folder;
    this.webHdfs = parts.webHdfs;
    this.removeFolder = parts.remove;
  }

  /**
   * @param racks of the DataNodes, one for each. @param settings further ones of the NameNode.
   * @param nodeSettings further ones of a DataNode.
   */
  static async start(
    racks: readonly string[],
    settings: Readonly<Record<string, unknown>> = {},
    nodeSettings: (nth: number) => Readonly<Record<string, unknown>> = () => ({}),
  ): Promise<FilesCluster> {
    const { path: folder, remove } = temporaryFolder('plinth-datanodes');
    const [listen, webHdfs] = [await freePort(), await freePort()];
    const name = await launch(join(folder, 'name'), {
      'files.cluster.listen': `127.0.0.1:${listen}`,
      'files.cluster.local': false,
      'files.cluster.dead': '3s',
      'files.replication': 3,
      'files.block': '1mb',
      'files.s3.enabled': false,
      'files.webhdfs.port': webHdfs,
      ...settings,
    });
    const cluster = new FilesCluster(name, { folder, webHdfs, remove });
    try {
      for (const [nth, rack] of racks.entries()) {
        cluster.nodes.push(
          await launch(cluster.dataOf(nth), {
            'files.join': `127.0.0.1:${listen}`,
            'files.rack': rack,
            ...nodeSettings(nth),
          }),
        );
      }
      await cluster.until('all nodes to join', ({ nodesLive }) => nodesLive === racks.length + 1);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Where the NameNode's admin door is, and where its token. */
  get admin(): { readonly address: string; readonly tokenFile: string } {
    const tokenFile = join(this.folder, 'name', 'admin-token');
    return { address: `127.0.0.1:${this.name.admin}`, tokenFile };
  }

  /** Of the NameNode. */
  get nameData(): string {
    return join(this.folder, 'name');
  }

  dataOf(nth: number): string {
    return join(this.folder, `data${nth}`);
  }

  async killNode(nth: number): Promise<void> {
    await kill(this.nodes[nth]!);
  }

  restartNode(nth: number): void {
    again(this.nodes[nth]!);
  }

  /** A process that is stopped holds its connections and says nothing. */
  signalNode(nth: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.nodes[nth]!.child.process.kill(signal);
  }

  async killName(): Promise<void> {
    await kill(this.name);
  }

  async restartName(): Promise<void> {
    again(this.name);
    await this.until('the NameNode to be back', () => true, START_MS);
  }

  async facts(): Promise<Facts | undefined> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.name.admin}/status`);
      const status = (await answer.json()) as { systems: { name: string; facts: Facts }[] };
      return status.systems.find(({ name }) => name === 'files')?.facts;
    } catch {
      return undefined;
    }
  }

  /** @param what is asked for when it failed, where it is a function. */
  async until(
    what: string | (() => string),
    holds: (facts: Facts) => boolean | Promise<boolean>,
    limitMs = 30_000,
  ): Promise<void> {
    let last: Facts | undefined;
    try {
      await waitUntil(
        typeof what === 'string' ? what : 'it',
        async () => {
          last = await this.facts();
          return last !== undefined && (await holds(last));
        },
        limitMs,
      );
    } catch (error) {
      const told = typeof what === 'string' ? what : what();
      throw new Error(`${told}: ${JSON.stringify(last)}\n${this.output()}`, { cause: error });
    }
  }

  /** The status of the answer; 0: there was none. */
  async put(path: string, bytes: Buffer): Promise<number> {
    try {
      const answer = await fetch(this.url(path, 'op=CREATE&data=true'), {
        method: 'PUT',
        body: new Uint8Array(bytes),
        signal: AbortSignal.timeout(25_000),
      });
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      return 0;
    }
  }

  /** Whether it was there and is not any more; undefined: nobody can tell. */
  async remove(path: string): Promise<boolean | undefined> {
    try {
      const answer = await fetch(this.url(path, 'op=DELETE'), {
        method: 'DELETE',
        signal: AbortSignal.timeout(25_000),
      });
      if (answer.status !== 200) return undefined;
      return ((await answer.json()) as { readonly boolean: boolean }).boolean;
    } catch {
      return undefined;
    }
  }

  /** Files with blocks on the disk of a DataNode, large ones and containers. */
  blockFiles(nth: number): string[] {
    const disk = join(this.dataOf(nth), 'files', 'disk');
    return readdirSync(disk, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(blk|pack)$/.test(name))
      .map((name) => join(disk, name));
  }

  /** The hash of what a file holds; a text that is no hash when it could not be read. */
  async hashOf(path: string): Promise<string> {
    try {
      const answer = await fetch(this.url(path, 'op=OPEN&data=true'), {
        signal: AbortSignal.timeout(25_000),
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      return answer.status === 200 ? hash(bytes) : `${answer.status} ${bytes.subarray(0, 300)}`;
    } catch (error) {
      return String(error);
    }
  }

  /** `host:port` of the WebHDFS door. */
  get door(): string {
    return `127.0.0.1:${this.webHdfs}`;
  }

  private url(path: string, query: string): string {
    return `http://${this.door}/webhdfs/v1${path}?${query}&user.name=plinth`;
  }

  output(): string {
    return [this.name, ...this.nodes]
      .map(({ child }) => child.output().slice(-3000))
      .join('\n--\n');
  }

  async stop(): Promise<void> {
    for (const member of [this.name, ...this.nodes]) {
      member.child.process.kill('SIGCONT');
      await kill(member);
    }
    this.removeFolder();
  }
}

export function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Writes files until it is told to stop, and remembers the hashes of those that were acknowledged. */
export class Writers {
  readonly acknowledged = new Map<string, string>();
  /** Statuses of those that were not. */
  readonly refused: number[] = [];
  private readonly cluster: FilesCluster;
  private readonly running: Promise<void>[] = [];
  private stopped = false;

  constructor(cluster: FilesCluster, prefix: string, count: number) {
    this.cluster = cluster;
    for (let worker = 0; worker < count; worker++) this.running.push(this.work(prefix, worker));
  }

  private async work(prefix: string, worker: number): Promise<void> {
    for (let nth = 0; !this.stopped; nth++) {
      const path = `/${prefix}/${worker}/${nth}`;
      // Small ones, some of one block, some of several.
      const length = nth % 4 === 3 ? 2_600_000 + nth : nth % 4 === 1 ? 1_100_000 : 3000 + nth;
      const bytes = randomBytes(length);
      const status = await this.cluster.put(path, bytes);
      if (status === 201) this.acknowledged.set(path, hash(bytes));
      else this.refused.push(status);
      await new Promise((resolve) => setTimeout(resolve, status === 201 ? 50 : 200));
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.running);
  }
}

async function launch(data: string, settings: Readonly<Record<string, unknown>>): Promise<Member> {
  const admin = await freePort();
  const all = {
    ...settings,
    'admin.port': admin,
    ...{ 'kv.enabled': false, 'cache.enabled': false, 'balancer.enabled': false },
  };
  const sets = Object.entries(all).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const args = [main, 'up', '--data', data, ...sets];
  return { args, admin, child: run(args) };
}

function again(member: Member): void {
  member.child = run(member.args);
}

/** Variables of tests are no settings of the program. */
function run(args: readonly string[]): Child {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PLINTH_'));
  return startChild(process.execPath, args, { env: Object.fromEntries(kept) });
}

async function kill({ child }: Member): Promise<void> {
  child.process.kill('SIGKILL');
  await child.exited;
}
