/** Operations on the tree: directories come, names go and move. Each is one step. */
import { FilesError } from '../../errors.ts';
import type { Path } from '../../namespace/chain.ts';
import type { DirectoryInode } from '../../namespace/inode.ts';
import { readVersioning, VERSIONING_DOCUMENT } from '../../namespace/versions.ts';
import { type Call, noteChange, operation } from '../call.ts';
import { noFile, RemoteException } from '../errors.ts';
import { changeablePlace, type Found, find, lowest, type Place, split } from '../locate.ts';
import { notLocked } from '../locked.ts';
import { flag, mode, required, text, words } from '../parameters.ts';
import { checkRemovable } from '../removable.ts';
import { booleanReply, OK } from '../reply.ts';
import { currentTrashOf, holdsTrash, isInTrash, USERS_DIRECTORY } from '../trash.ts';

export const makeDirectories = operation({
  op: 'MKDIRS',
  method: 'PUT',
  parameters: { permission: mode(0o755), unmaskedpermission: mode(0o777) },
  run: async (call, { permission }) => {
    const { files, place, caller } = call;
    const { reader } = files.namespace;
    const found = await find(reader, place, caller);
    if (found?.kind === 'file') {
      const says = `Path is not a directory: ${place.shown}`;
      throw new RemoteException('FileAlreadyExistsException', says);
    }
    const { inode } = await lowest(reader, place.path, caller);
    const make = { owner: caller.user, group: inode.group, permission, implicit: false };
    await files.namespace.run('makeDirectory', { path: place.path, make, caller });
    noteChange(call, place.path);
    return booleanReply(true);
  },
});

export const remove = operation({
  op: 'DELETE',
  method: 'DELETE',
  parameters: { recursive: flag(false), skiptrash: flag(false) },
  run: async (call, { recursive, skiptrash }) => {
    const { files, place, caller } = call;
    const found = await find(files.namespace.reader, place, caller);
    if (found === undefined || place.path.length === 0) return booleanReply(false);
    try {
      if (await isForTrash(call, found, skiptrash)) await toTrash(call, found.kind, recursive);
      else if (found.kind === 'directory') await removeDirectory(call, found.inode, recursive);
      else await removeFile(call);
    } catch (error) {
      if (error instanceof FilesError && error.code === 'not-found') return booleanReply(false);
      throw error;
    } finally {
      noteChange(call, place.path);
      files.reclaim();
    }
    return booleanReply(true);
  },
});

/** Whether a delete is none yet. A file whose bucket keeps versions stays behind a delete marker as it is. */
async function isForTrash(
  { service, files, place, caller }: Call,
  found: Found,
  skips: boolean,
): Promise<boolean> {
  const { path } = place;
  if (service.trash.minutes === 0 || skips || isInTrash(path)) return false;
  if (holdsTrash(path, caller.user)) {
    const says = `Cannot move "${place.shown}" to the trash, as it contains the trash`;
    throw new RemoteException('IOException', says);
  }
  if (found.kind === 'directory') return true;
  const document = await files.namespace.reader.document(path.slice(0, 1), VERSIONING_DOCUMENT);
  return readVersioning(document) === 'off';
}

async function toTrash(call: Call, kind: 'file' | 'directory', recursive: boolean): Promise<void> {
  const { service, files, place, caller } = call;
  await notLocked(call, place.path);
  const { superuser } = service;
  const above = { owner: superuser, group: superuser, permission: 0o755, implicit: false };
  try {
    await files.namespace.run('moveToTrash', {
      ...{ path: place.path, kind, recursive, caller },
      trash: currentTrashOf(caller.user),
      make: { owner: caller.user, group: caller.user, permission: 0o700, implicit: false },
      ...{ above, depthAbove: 1 },
    });
  } catch (error) {
    throw notEmpty(error, place);
  }
  noteChange(call, [USERS_DIRECTORY]);
}

function notEmpty(error: unknown, { shown }: Place): unknown {
  if (!(error instanceof FilesError) || error.code !== 'not-empty') return error;
  const says = `\`${shown} is non empty': Directory is not empty`;
  return new RemoteException('PathIsNotEmptyDirectoryException', says);
}

async function removeDirectory(
  call: Call,
  directory: DirectoryInode,
  recursive: boolean,
): Promise<void> {
  const { files, place, caller } = call;
  await notLocked(call, place.path);
  if (recursive) {
    await checkRemovable(files.namespace.reader, directory, place.shown, caller);
  }
  const args = { path: place.path, recursive, caller, keepsDirectories: true };
  try {
    await files.namespace.run('removeDirectory', args);
  } catch (error) {
    throw notEmpty(error, place);
  }
}

/** Where the bucket keeps versions the file stays behind a delete marker. */
async function removeFile({ files, place, caller }: Call): Promise<void> {
  const make = { owner: caller.user, group: caller.user, permission: 0o755, implicit: true };
  await files.namespace.run('remove', {
    ...{ ...split(place), caller, make, keepsDirectories: true },
    condition: { exists: true },
  });
}

export const rename = operation({
  op: 'RENAME',
  method: 'PUT',
  parameters: {
    destination: required(text(/^\//)),
    renameoptions: words(['NONE', 'OVERWRITE', 'TO_TRASH']),
  },
  run: async (call, { destination, renameoptions }) => {
    const to = changeablePlace(destination);
    if (renameoptions.size > 0) {
      await move(call, to, renameoptions.has('OVERWRITE'));
      return OK;
    }
    try {
      // Without options a name goes into a directory that is there, as with `mv`.
      const { caller, files, place } = call;
      const there = await find(files.namespace.reader, to, caller);
      const name = place.shown.replace(/\/+$/, '').replace(/^.*\//, '');
      const isInto = there?.kind === 'directory' && to.shown !== place.shown;
      await move(
        call,
        isInto ? changeablePlace(`${to.shown.replace(/\/+$/, '')}/${name}`) : to,
        false,
      );
      return booleanReply(true);
    } catch (error) {
      if (isOrdinary(error)) return booleanReply(false);
      throw error;
    }
  },
});

/** What a rename without options answers false to. */
function isOrdinary(error: unknown): boolean {
  if (error instanceof RemoteException) return ORDINARY.has(error.exception);
  return error instanceof FilesError && ORDINARY.has(error.code);
}

const ORDINARY: ReadonlySet<string> = new Set([
  ...['FileNotFoundException', 'FileAlreadyExistsException', 'ParentNotDirectoryException'],
  ...['not-found', 'exists', 'into-itself', 'not-empty', 'is-a-directory'],
]);

async function move(call: Call, to: Place, overwrite: boolean): Promise<void> {
  const { files, place, caller } = call;
  const { reader } = files.namespace;
  const from = place.path;
  const found = await find(reader, place, caller);
  if (found === undefined) throw noFile(place.shown);
  const there = await find(reader, to, caller);
  checkTarget(place, found, to, there, overwrite);
  const above = to.path.slice(0, -1);
  if ((await lowest(reader, above, caller)).depth < above.length) {
    const says = `rename destination parent ${showPath(above)} not found.`;
    throw new RemoteException('FileNotFoundException', says);
  }
  await notLocked(call, from, to.path);
  const args = { from, to: to.path, kind: found.kind, overwrite, caller };
  try {
    await files.namespace.run('rename', args);
  } finally {
    noteChange(call, from, to.path);
    files.reclaim();
  }
}

function checkTarget(
  from: Place,
  found: Found,
  to: Place,
  there: Found | undefined,
  overwrite: boolean,
): void {
  if (there === undefined) return;
  if (there.inode.id === found.inode.id || !overwrite) {
    const says = `rename destination ${to.shown} already exists`;
    throw new RemoteException('FileAlreadyExistsException', says);
  }
  if (there.kind === found.kind) return;
  const says = `Source ${from.shown} and destination ${to.shown} must both be directories or files`;
  throw new RemoteException('IOException', says);
}

const showPath = (path: Path): string => `/${path.join('/')}`;
