/**
 * Leases: one writer at a time on a file that is appended to. Who holds one and goes silent loses it.
 */
import { FilesError } from '../../errors.ts';
import { checkName, needChain } from '../chain.ts';
import type { Draft } from '../draft.ts';
import { leaseKey } from '../keys.ts';
import { Access, type Caller } from '../permission.ts';
import { decodeLease, encodeLease, type Lease } from '../records.ts';
import type { Target } from './files.ts';

export interface LeaseArgs extends Target {
  readonly holder: string;
  readonly forMs: number;
}

/** Gives the lease on a name to a writer, or renews it. @throws FilesError 'lease-held'. */
export function lease(draft: Draft, args: LeaseArgs): Lease {
  checkName(args.name);
  const directory = directoryOf(draft, args.directory, args.caller, args.name);
  checkLease(draft, directory, args.name, args.holder);
  const given = { holder: args.holder, expiresMs: draft.nowMs + args.forMs };
  draft.put(leaseKey(directory, args.name), encodeLease(given));
  return given;
}

/** Gives a lease back; one that has ended is none. */
export function release(draft: Draft, args: Target & { readonly holder: string }): void {
  const directory = directoryOf(draft, args.directory, undefined, args.name);
  const key = leaseKey(directory, args.name);
  const stored = draft.get(key);
  if (stored !== null && decodeLease(stored).holder === args.holder) draft.delete(key);
}

/** @throws FilesError 'lease-held' when somebody else is writing the file. */
export function checkLease(
  draft: Draft,
  directory: number,
  name: string,
  holder: string | undefined,
): void {
  const key = leaseKey(directory, name);
  const stored = draft.get(key);
  if (stored === null) return;
  const held = decodeLease(stored);
  if (held.expiresMs <= draft.nowMs) {
    draft.delete(key);
    return;
  }
  if (held.holder === holder) return;
  throw new FilesError('lease-held', `${name}, by ${held.holder}`);
}

function directoryOf(
  draft: Draft,
  path: Target['directory'],
  caller: Caller | undefined,
  name: string,
): number {
  const chain = needChain(draft, path, caller);
  const { inode } = chain[chain.length - 1]!;
  caller?.need(inode, Access.execute, name);
  return inode.id;
}
