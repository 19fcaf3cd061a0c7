/**
 * The account at an authority, on disk: its key and under which address the authority knows it. No site's name begins
 * as that of the file does.
 *
 *     <folder>/_account.json   docs/formats/edge-certificates.md
 *
 * Invariants: only the owner may read it; a key that an authority may know is on disk before the authority is asked,
 * so a crash costs no second account.
 */
import { join } from 'node:path';
import type { Disk } from '../../core/runtime/index.ts';
import { readFileWhole, stageFile } from '../../core/store/index.ts';
import { AcmeError } from './acme-error.ts';
import { isObject } from './sharing.ts';

const FORMAT = 1;

export interface Account {
  /** PEM. */
  readonly key: string;
  readonly directory: string;
  /** Where the authority keeps it; null: it does not know it yet. */
  readonly url: string | null;
  /** Addresses that it has been told of. */
  readonly contact: readonly string[];
}

export class AccountFile {
  private readonly disk: Disk;
  private readonly path: string;

  constructor(disk: Disk, folder: string) {
    this.disk = disk;
    this.path = join(folder, '_account.json');
  }

  /** Undefined: there is none that can be read. @throws the disk's error, AcmeError 'settings'. */
  load(): Account | undefined {
    const bytes = readFileWhole(this.disk, this.path);
    if (bytes === null) return undefined;
    const value = parsed(bytes.toString());
    if (isObject(value) && typeof value.format === 'number' && value.format > FORMAT) {
      throw new AcmeError('settings', `${this.path} is that of a newer program`);
    }
    return accountOf(value);
  }

  /** @throws the disk's error; the old one still stands then. */
  save(account: Account): void {
    const bytes = Buffer.from(`${JSON.stringify({ format: FORMAT, ...account }, null, 2)}\n`);
    const file = stageFile(this.disk, this.path, bytes, { isPrivate: true });
    file.replace();
    file.settle();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undefined: it is none. */
export function accountOf(value: unknown): Account | undefined {
  if (!isObject(value)) return undefined;
  const { key, directory, url, contact } = value;
  if (typeof key !== 'string' || typeof directory !== 'string') return undefined;
  return {
    ...{ key, directory },
    url: typeof url === 'string' ? url : null,
    contact: Array.isArray(contact) ? contact.map(String) : [],
  };
}
