/** For tests with clients of WebHDFS: both doors over blocks on a disk, and the running of programs. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WebHdfsSettings } from '../../../src/files/webhdfs/index.ts';
import { type BothDoors, withBothDoors } from '../../support/files/both-doors.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface WebHdfsClientBed extends BothDoors {
  /** Where programs run. */
  readonly folder: string;
  run(program: string, args: readonly string[]): Promise<Ran>;
}

export async function withWebHdfsClient(
  work: (bed: WebHdfsClientBed) => Promise<void>,
  settings: Partial<WebHdfsSettings> = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-webhdfs-'));
  const run: WebHdfsClientBed['run'] = (program, args) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME: folder, LC_ALL: 'C.UTF-8' },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 60_000,
      });
      const stdout: Buffer[] = [];
      let stderr = '';
      child.stdout.on('data', (piece: Buffer) => stdout.push(piece));
      child.stderr.on('data', (piece: Buffer) => {
        stderr += piece.toString();
      });
      child.on('error', reject);
      child.on('close', (code) =>
        resolve({ code: code ?? -1, stdout: Buffer.concat(stdout), stderr }),
      );
    });
  try {
    await withBothDoors((doors) => work({ ...doors, folder, run }), settings);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
