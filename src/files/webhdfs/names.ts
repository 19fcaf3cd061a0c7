/**
 * Names as the door shows them. What no path can name stands behind a mark: decision 0015.
 *
 *     `a` beside `a/`    %00f:a          the empty name    %00e:
 *     `.`  `..`          %00n:. %00n:..  `%00x`            %00%00x
 *     `.snapshot`        %00n:.snapshot
 *
 * Invariant: two entries of a directory are never shown alike, and `readName` undoes `showName`.
 */
import { RemoteException } from './errors.ts';

const MARK = '%00';
/** Names that mean something else in a path. */
const RESERVED: ReadonlySet<string> = new Set(['.', '..', '.snapshot']);
/** What stands below it is as it was when a snapshot was taken. */
export const SNAPSHOT_DIRECTORY = '.snapshot';

export type Facet = 'file' | 'directory' | 'any';

export interface Name {
  readonly name: string;
  /** What of this name is meant; 'any': the directory if there is one. */
  readonly facet: Facet;
}

/** @param isBeside of a file: there is a directory of the same name. */
export function showName(name: string, isBeside: boolean): string {
  if (isBeside) return `${MARK}f:${name}`;
  if (name === '') return `${MARK}e:`;
  if (RESERVED.has(name)) return `${MARK}n:${name}`;
  return name.startsWith(MARK) ? MARK + name : name;
}

/** @throws RemoteException InvalidPathException when nothing can be shown so. */
export function readName(shown: string): Name {
  if (!shown.startsWith(MARK)) return { name: shown, facet: 'any' };
  const rest = shown.slice(MARK.length);
  if (rest.startsWith(MARK)) return { name: rest, facet: 'any' };
  if (rest === 'e:') return { name: '', facet: 'any' };
  if (rest.startsWith('n:') && RESERVED.has(rest.slice(2))) {
    return { name: rest.slice(2), facet: 'any' };
  }
  if (rest.startsWith('f:')) return { name: rest.slice(2), facet: 'file' };
  throw new RemoteException('InvalidPathException', `Invalid path name ${shown}`);
}

/** A path, decoded: names, and of one below `.snapshot` what stands before and behind. */
export interface ReadPath {
  readonly names: readonly Name[];
  readonly snapshot?: {
    /** Undefined: the path ends with `.snapshot`. */
    readonly name: string | undefined;
    readonly below: readonly Name[];
  };
}

/** The parts of an absolute path that is in no snapshot, decoded. @throws RemoteException InvalidPathException */
export function readPath(path: string): readonly Name[] {
  const { names, snapshot } = readAnyPath(path);
  if (snapshot === undefined) return names;
  throw new RemoteException('InvalidPathException', `${path} is in a snapshot`);
}

/** @throws RemoteException InvalidPathException */
export function readAnyPath(path: string): ReadPath {
  const parts = path.split('/').filter((part) => part !== '');
  if (!path.startsWith('/') || parts.includes('.') || parts.includes('..')) {
    throw new RemoteException('InvalidPathException', `Invalid path name ${path}`);
  }
  const at = parts.indexOf(SNAPSHOT_DIRECTORY);
  if (at < 0) return { names: parts.map(readName) };
  const below = parts.slice(at + 2).map(readName);
  return { names: parts.slice(0, at).map(readName), snapshot: { name: parts[at + 1], below } };
}
