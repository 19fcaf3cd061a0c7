/**
 * Names as the door shows them. What no path can name stands behind a mark: decision 0015.
 *
 *     `a` beside `a/`    %00f:a          the empty name    %00e:
 *     `.`  `..`          %00n:. %00n:..  `%00x`            %00%00x
 *
 * Invariant: two entries of a directory are never shown alike, and `readName` undoes `showName`.
 */
import { RemoteException } from './errors.ts';

const MARK = '%00';

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
  if (name === '.' || name === '..') return `${MARK}n:${name}`;
  return name.startsWith(MARK) ? MARK + name : name;
}

/** @throws RemoteException InvalidPathException when nothing can be shown so. */
export function readName(shown: string): Name {
  if (!shown.startsWith(MARK)) return { name: shown, facet: 'any' };
  const rest = shown.slice(MARK.length);
  if (rest.startsWith(MARK)) return { name: rest, facet: 'any' };
  if (rest === 'e:') return { name: '', facet: 'any' };
  if (rest === 'n:.' || rest === 'n:..') return { name: rest.slice(2), facet: 'any' };
  if (rest.startsWith('f:')) return { name: rest.slice(2), facet: 'file' };
  throw new RemoteException('InvalidPathException', `Invalid path name ${shown}`);
}

/** The parts of an absolute path, decoded. @throws RemoteException InvalidPathException */
export function readPath(path: string): Name[] {
  const parts = path.split('/').filter((part) => part !== '');
  if (!path.startsWith('/') || parts.includes('.') || parts.includes('..')) {
    throw new RemoteException('InvalidPathException', `Invalid path name ${path}`);
  }
  return parts.map(readName);
}
