/**
 * Certificates on disk, for listeners that read them by their paths.
 *
 *     <folder>/<name>.pem   the certificate and the chain below it
 *     <folder>/<name>.key   its key
 *     <folder>/<name>.json  the course of its renewal, so that a restart starts no loop
 *
 * Invariants: only the owner may read any of them; each is replaced whole. Of the pair both new contents are durable
 * before one of them takes its place, so a crash between the two is made good by the next `load`.
 */
import { join } from 'node:path';
import type { Disk } from '../../core/runtime/index.ts';
import { readFileWhole, type StagedFile, stageFile } from '../../core/store/index.ts';
import { type CertificateFacts, factsOf, type Pair } from './certificate-facts.ts';

export interface HeldCertificate {
  readonly pair: Pair;
  readonly facts: CertificateFacts;
}

const PRIVATE = { isPrivate: true };

export class CertificateFiles {
  private readonly disk: Disk;
  private readonly folder: string;

  /** @throws the disk's error. */
  constructor(disk: Disk, folder: string) {
    this.disk = disk;
    this.folder = folder;
    disk.mkdirSync(folder);
  }

  /** Where a listener finds it. */
  pathsOf(name: string): { readonly cert: string; readonly key: string } {
    return { cert: join(this.folder, `${name}.pem`), key: join(this.folder, `${name}.key`) };
  }

  /** Undefined: there is none that can be used. @throws the disk's error. */
  load(name: string): HeldCertificate | undefined {
    const { cert, key } = this.pathsOf(name);
    const whole = this.read(cert, key);
    if (whole !== undefined) return whole;
    // Either replacement may be there without the other one.
    for (const [certPath, keyPath] of [
      [`${cert}.new`, key],
      [cert, `${key}.new`],
      [`${cert}.new`, `${key}.new`],
    ] as const) {
      const halfway = this.read(certPath, keyPath);
      if (halfway === undefined) continue;
      if (keyPath !== key) this.disk.renameSync(keyPath, key);
      if (certPath !== cert) this.disk.renameSync(certPath, cert);
      this.disk.syncDirectorySync(this.folder);
      return halfway;
    }
    return undefined;
  }

  /** @throws the disk's error; `load` then finds the old pair or the new one. */
  save(name: string, { chain, key }: Pair): void {
    const paths = this.pathsOf(name);
    const nextKey = stageFile(this.disk, paths.key, Buffer.from(key), PRIVATE);
    let nextChain: StagedFile;
    try {
      nextChain = stageFile(this.disk, paths.cert, Buffer.from(chain), PRIVATE);
    } catch (error) {
      nextKey.drop();
      throw error;
    }
    this.disk.syncDirectorySync(this.folder);
    nextKey.replace();
    nextChain.replace();
    nextChain.settle();
  }

  /** What was noted of it, parsed from JSON; undefined: nothing that can be read. */
  loadNote(name: string): unknown {
    const bytes = readFileWhole(this.disk, join(this.folder, `${name}.json`));
    if (bytes === null) return undefined;
    try {
      return JSON.parse(bytes.toString());
    } catch {
      return undefined;
    }
  }

  /** @throws the disk's error; the old note still stands then. */
  saveNote(name: string, note: unknown): void {
    const text = `${JSON.stringify(note, null, 2)}\n`;
    const file = stageFile(
      this.disk,
      join(this.folder, `${name}.json`),
      Buffer.from(text),
      PRIVATE,
    );
    file.replace();
    file.settle();
  }

  private read(certPath: string, keyPath: string): HeldCertificate | undefined {
    const chain = readFileWhole(this.disk, certPath)?.toString();
    const key = readFileWhole(this.disk, keyPath)?.toString();
    if (chain === undefined || key === undefined) return undefined;
    const pair = { chain, key };
    const facts = factsOf(pair);
    return facts === undefined ? undefined : { pair, facts };
  }
}
