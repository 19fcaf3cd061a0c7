/** For tests with clients of S3: the door over blocks on a disk; for programs a folder of theirs and the running of them. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDiskStore } from '../../support/files/disk-store.ts';
import { S3Bed } from '../../support/files/s3-bed.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ClientBed {
  readonly bed: S3Bed;
  readonly folder: string;
  run(program: string, args: readonly string[], env?: Record<string, string>): Promise<Ran>;
}

/** Bytes that differ everywhere, so that a piece in the wrong place is seen. */
export function content(bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) buffer.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  return buffer;
}

/** The door over a store on a disk, for one test. */
export async function withDiskBed(work: (bed: S3Bed) => Promise<void>): Promise<void> {
  const { store, close } = await openDiskStore();
  const bed = await S3Bed.open({ store });
  try {
    await work(bed);
  } finally {
    await bed.close();
    await close();
  }
}

export function withClient(work: (client: ClientBed) => Promise<void>): Promise<void> {
  return withDiskBed((bed) => withFolder(bed, work));
}

async function withFolder(bed: S3Bed, work: (client: ClientBed) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-s3-'));
  const run: ClientBed['run'] = (program, args, env = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME: folder, LC_ALL: 'C.UTF-8', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 60_000,
      });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (piece: Buffer) => {
        stdout += piece.toString();
      });
      child.stderr.on('data', (piece: Buffer) => {
        stderr += piece.toString();
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    });
  try {
    await work({ bed, folder, run });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
