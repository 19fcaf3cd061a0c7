/** Test support: objects on a simulated disk, and what a check says of them. */
import assert from 'node:assert/strict';
import { ObjectWorld } from '../objects/object-world.ts';
import { readPath } from '../webhdfs/names.ts';
import { fsck, fsckTarget } from './fsck.ts';
import { fsckSource, type OtherNodes } from './fsck-source.ts';
import type { FsckLine, FsckProblem, FsckSummary } from './report.ts';

export interface Checked {
  readonly problems: readonly FsckProblem[];
  readonly summary: FsckSummary | undefined;
  readonly failure: { readonly code: string; readonly detail: string } | undefined;
  readonly lines: readonly FsckLine[];
}

export class FsckWorld extends ObjectWorld {
  async begin(): Promise<void> {
    await this.start();
    await this.settle(this.store.createBucket('b', { owner: 'me', documents: {} }));
  }

  async put(key: string, length: number): Promise<void> {
    const writer = await this.settle(this.store.write('b', length));
    for (let at = 0; at < length; at += 200_000) {
      const piece = Buffer.alloc(Math.min(200_000, length - at), `${key} ${at} `);
      await this.settle(Promise.resolve(writer.write(piece)));
    }
    const done = await this.settle(writer.commit({ key, etag: 'e', attributes: {} }));
    assert.ok(done.done);
  }

  async copy(from: string, to: string): Promise<void> {
    const opened = await this.settle(this.store.open({ bucket: 'b', key: from }));
    assert.ok(opened !== undefined);
    const writer = await this.settle(this.store.write('b'));
    await this.settle(writer.adopt(opened));
    opened.close();
    assert.ok((await this.settle(writer.commit({ key: to, etag: 'e', attributes: {} }))).done);
  }

  async remove(key: string): Promise<void> {
    assert.ok((await this.settle(this.store.remove({ bucket: 'b', key }))).done);
  }

  /** @param linesMax whoever listens leaves after so many. */
  async check(
    path = '/',
    linesMax = Number.POSITIVE_INFINITY,
    others?: OtherNodes,
  ): Promise<Checked> {
    const lines: FsckLine[] = [];
    const names = readPath(path);
    const facet = names.at(-1)?.facet ?? 'directory';
    const plain = names.map(({ name }) => name);
    const { reader } = this.files.namespace;
    const target = await this.settle(fsckTarget(reader, plain, facet));
    const source = fsckSource(this.files, this.clock, others);
    await this.settle(
      fsck(source, target, path, {
        write: async (line) => lines.push(line as FsckLine) < linesMax,
      }),
    );
    const last = lines.at(-1);
    return {
      lines,
      problems: lines.flatMap((line) => ('problem' in line ? [line.problem] : [])),
      summary: last !== undefined && 'summary' in last ? last.summary : undefined,
      failure: last !== undefined && 'failure' in last ? last.failure : undefined,
    };
  }

  /** Paths of the files that hold blocks, those of an ending. */
  blockFiles(ending: '.blk' | '.pack'): string[] {
    const root = '/data/files/disk';
    const folders = [
      `${root}/packs`,
      ...this.disk.listSync(`${root}/blocks`).map((inner) => `${root}/blocks/${inner}`),
    ];
    return folders.flatMap((folder) =>
      this.disk
        .listSync(folder)
        .filter((name) => name.endsWith(ending))
        .map((name) => `${folder}/${name}`),
    );
  }

  truncate(path: string, bytes: number): void {
    const file = this.disk.openSync(path, { mode: 'write' });
    file.truncateSync(bytes);
    file.closeSync();
  }
}
