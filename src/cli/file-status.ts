/** Files and directories as the WebHDFS door tells of them, for `plinth files`. */
import { type WebHdfs, WebHdfsFault } from './web-hdfs.ts';

/** "FileStatus JSON Schema" of the specification. */
export interface FileStatus {
  readonly pathSuffix: string;
  readonly type: 'FILE' | 'DIRECTORY';
  readonly length: number;
  readonly blockSize: number;
  readonly replication: number;
  readonly owner: string;
  readonly group: string;
  /** Octal. */
  readonly permission: string;
  /** Unix ms. */
  readonly modificationTime: number;
  readonly accessTime: number;
  readonly childrenNum: number;
}

/** @throws WebHdfsFault */
export async function statusOf(door: WebHdfs, path: string): Promise<FileStatus> {
  const body = await door.ask('GET', path, 'GETFILESTATUS');
  return (body as { readonly FileStatus: FileStatus }).FileStatus;
}

/** Undefined: nothing is there. @throws WebHdfsFault */
export async function statusIfThere(door: WebHdfs, path: string): Promise<FileStatus | undefined> {
  try {
    return await statusOf(door, path);
  } catch (error) {
    if (error instanceof WebHdfsFault && error.exception === 'FileNotFoundException') {
      return undefined;
    }
    throw error;
  }
}

interface Page {
  readonly DirectoryListing: {
    readonly partialListing: {
      readonly FileStatuses: { readonly FileStatus: readonly FileStatus[] };
    };
    readonly remainingEntries: number;
  };
}

/** What is in a directory, or the file itself, a page at a time. @throws WebHdfsFault */
export async function* pagesOf(door: WebHdfs, path: string): AsyncGenerator<readonly FileStatus[]> {
  for (let after = ''; ; ) {
    const more = after === '' ? undefined : { startAfter: after };
    const body = (await door.ask('GET', path, 'LISTSTATUS_BATCH', more)) as Page;
    const { partialListing, remainingEntries } = body.DirectoryListing;
    const rows = partialListing.FileStatuses.FileStatus;
    yield rows;
    const last = rows.at(-1);
    if (remainingEntries === 0 || last === undefined) return;
    after = last.pathSuffix;
  }
}

/** As `ls -l` has it: `drwxr-xr-x`. */
export function modeText({ type, permission }: FileStatus): string {
  const bits = Number.parseInt(permission, 8);
  const letters = [...'rwxrwxrwx'].map((letter, nth) => (bits & (0o400 >> nth) ? letter : '-'));
  if ((bits & 0o1000) !== 0) letters[8] = letters[8] === 'x' ? 't' : 'T';
  return (type === 'DIRECTORY' ? 'd' : '-') + letters.join('');
}

/** Time of the world: `2026-11-23 05:10:07Z`; 0 is none. */
export function timeText(ms: number): string {
  return ms === 0 ? '-' : new Date(ms).toISOString().slice(0, 19).replace('T', ' ').concat('Z');
}
