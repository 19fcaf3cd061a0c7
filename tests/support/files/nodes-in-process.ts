/** A NameNode and DataNodes in one process, each with a folder of its own, and files by the NameNode's WebHDFS door. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultsOf } from '../../../src/core/config/index.ts';
import { createMetrics, silentLogger } from '../../../src/core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
} from '../../../src/core/runtime/node/index.ts';
import { type FilesSettings, filesConfig } from '../../../src/files/config/config.ts';
import { createFiles, type Files } from '../../../src/files/system.ts';

export class NodesInProcess {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'plinth-nodes-'));
  /** Where the NameNode listens for DataNodes. */
  readonly port: number;
  /** Of the NameNode. */
  readonly metrics = createMetrics();
  private readonly running: Files[] = [];

  constructor(port: number) {
    this.port = port;
  }

  async start(name: string, change: Partial<FilesSettings>): Promise<Files> {
    const settings = defaultsOf(filesConfig);
    const files = createFiles(
      {
        ...settings,
        blockBytes: 1 << 20,
        scrubBytes: 0,
        s3: { ...settings.s3, enabled: false },
        webhdfs: { ...settings.webhdfs, port: 0 },
        ...change,
      },
      {
        clock: createNodeClock(),
        random: createNodeRandom(),
        disk: createNodeDisk(),
        threads: createNodeThreads(),
        dataFolder: join(this.folder, name),
        log: silentLogger(),
        metrics: name === 'name' ? this.metrics : createMetrics(),
      },
    );
    this.running.push(files);
    await files.start();
    return files;
  }

  nameNode(
    change: Partial<FilesSettings['cluster']> = {},
    more: Partial<FilesSettings> = {},
  ): Promise<Files> {
    const { cluster } = defaultsOf(filesConfig);
    const listen = `127.0.0.1:${this.port}`;
    return this.start('name', { cluster: { ...cluster, listen, ...change }, ...more });
  }

  dataNode(nth: number, more: Partial<FilesSettings> = {}): Promise<Files> {
    return this.start(`data${nth}`, { join: `127.0.0.1:${this.port}`, ...more });
  }

  async stop(): Promise<void> {
    for (const files of this.running.splice(0).toReversed()) await files.stop();
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function url(files: Files, path: string, query: string): string {
  const door = files.status().listening.find(({ protocol }) => protocol === 'WebHDFS');
  return `http://${door?.host}:${door?.port}/webhdfs/v1${path}?${query}&user.name=plinth`;
}

export async function put(files: Files, path: string, bytes: Buffer): Promise<void> {
  const body = new Uint8Array(bytes);
  const answer = await fetch(url(files, path, 'op=CREATE&data=true'), { method: 'PUT', body });
  assert.equal(answer.status, 201, await answer.text());
}

export async function get(files: Files, path: string): Promise<Buffer> {
  const answer = await fetch(url(files, path, 'op=OPEN&data=true'));
  assert.equal(answer.status, 200);
  return Buffer.from(await answer.arrayBuffer());
}
