/** Operations that bring or change the bytes of a file. Until the one step that names them nobody sees them. */
import { FilesError } from '../../errors.ts';
import type { Content } from '../../namespace/extents.ts';
import type { FileInode } from '../../namespace/inode.ts';
import { Access } from '../../namespace/permission.ts';
import { type Call, noteChange, operation } from '../call.ts';
import { RemoteException } from '../errors.ts';
import { changeablePlace, find, lowest, needFile, split } from '../locate.ts';
import { notLocked } from '../locked.ts';
import { flag, integer, mode, required, text } from '../parameters.ts';
import { booleanReply, OK, type Reply } from '../reply.ts';
import { isSealed, objectAfterChange } from '../status.ts';

/** A file that changes while somebody looks is looked at again so often. */
const TRIES_MAX = 16;

/**
 * Takes the body of the request, in so many replicas, and has `name` give the content a name. Without one nothing of it
 * is left.
 * @throws FilesError, ClientGone
 */
async function takeBody<T>(
  { files, body, bodyBytes }: Call,
  replication: number,
  name: (content: Content, size: number) => Promise<T>,
): Promise<T> {
  const writer = files.write(bodyBytes, replication);
  try {
    for await (const piece of body) {
      const taken = writer.write(piece);
      if (taken !== undefined) await taken;
    }
    const content = await writer.finish();
    const result = await name(content, writer.size);
    writer.done();
    return result;
  } catch (error) {
    // What may yet get its name keeps its bytes; without one they go at the next start.
    if (error instanceof FilesError && error.isUndecided) writer.done();
    else writer.abort();
    throw error;
  } finally {
    files.reclaim();
  }
}

function exists(shown: string, what = ''): RemoteException {
  return new RemoteException('FileAlreadyExistsException', `${shown} already exists${what}`);
}

export const create = operation({
  op: 'CREATE',
  method: 'PUT',
  parameters: {
    overwrite: flag(false),
    blocksize: integer(undefined, { min: 1024 * 1024, max: 2 ** 40 }),
    replication: integer(undefined, { min: 1, max: 512 }),
    permission: mode(0o644),
    unmaskedpermission: mode(0o666),
    buffersize: integer(undefined, { min: 1 }),
    createparent: flag(true),
    noredirect: flag(false),
  },
  run: async (call, { overwrite, blocksize, replication, permission, createparent }) => {
    const { files, place, caller } = call;
    const { reader } = files.namespace;
    const { directory, name } = split(place);
    const found = await find(reader, place, caller);
    if (found?.kind === 'directory') throw exists(place.shown, ' as a directory');
    if (found !== undefined && !overwrite) throw exists(place.shown);
    const above = await lowest(reader, directory, caller);
    if (found === undefined) caller.mayWrite(above.inode, name);
    else caller.need(found.inode, Access.write, place.shown);
    if (above.depth < directory.length && !createparent) {
      throw new RemoteException(
        'FileNotFoundException',
        `Parent directory doesn't exist: ${place.shown}`,
      );
    }
    if (!call.isDataStep) return call.redirect();
    const owned = { owner: caller.user, group: above.inode.group };
    const make = { ...owned, permission: 0o755, implicit: false };
    const replicas = replication ?? files.replication;
    await takeBody(call, replicas, async (content, size) => {
      const bucket = directory.slice(0, 1);
      if (above.depth === 0 && bucket.length > 0) {
        await files.namespace.run('makeDirectory', { path: bucket, make, caller });
        noteChange(call, bucket);
      }
      try {
        return await files.namespace.run('put', {
          ...{ directory, name, caller, content },
          file: {
            ...{ ...owned, size, permission, etag: '', object: Buffer.alloc(0) },
            replication: replicas,
            blockBytes: blocksize ?? files.blockBytes,
          },
          make,
          ...(!overwrite && { condition: { exists: false } }),
        });
      } catch (error) {
        const isThere = error instanceof FilesError && error.code === 'condition-failed';
        throw isThere ? exists(place.shown) : error;
      }
    });
    return { status: 201, location: `hdfs://${call.authority}${encodeURI(place.shown)}` };
  },
});

/** A file whose bytes may be changed where it stands. */
async function writable(call: Call): Promise<FileInode> {
  const { files, place, caller } = call;
  const file = await needFile(files.namespace.reader, place, caller);
  caller.need(file, Access.write, place.shown);
  if (isSealed(file)) {
    throw new RemoteException(
      'IOException',
      `${place.shown} was encrypted by S3 and is written there`,
    );
  }
  await notLocked(call, place.path);
  return file;
}

/** Decides on the file as it is, again when it has changed meanwhile. */
async function changing<T>(call: Call, change: (file: FileInode) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const file = await writable(call);
    try {
      return await change(file);
    } catch (error) {
      const hasChanged = error instanceof FilesError && error.code === 'source-changed';
      if (!hasChanged || tries === TRIES_MAX) throw error;
    }
  }
}

export const append = operation({
  op: 'APPEND',
  method: 'POST',
  parameters: { buffersize: integer(undefined, { min: 1 }), noredirect: flag(false) },
  run: async (call) => {
    const { files, place, caller } = call;
    const { replication } = await writable(call);
    if (!call.isDataStep) return call.redirect();
    const target = { ...split(place), caller };
    await takeBody(call, replication, (content, bytes) =>
      changing(call, (file) =>
        files.namespace.run('append', {
          ...{ ...target, content, bytes, etag: '', sizeBefore: file.size },
          revision: file.revision,
          object: objectAfterChange(file),
        }),
      ),
    );
    return OK;
  },
});

export const truncate = operation({
  op: 'TRUNCATE',
  method: 'POST',
  parameters: { newlength: integer(-1, { min: 0 }) },
  run: async (call, { newlength }): Promise<Reply> => {
    if (newlength < 0) {
      throw new RemoteException('IllegalArgumentException', 'newLength parameter is Missing');
    }
    const { files, place, caller } = call;
    await changing(call, (file) => {
      if (newlength > file.size) {
        throw new RemoteException(
          'HadoopIllegalArgumentException',
          `Cannot truncate to a larger file size. Current size: ${file.size}, truncate size: ${newlength}.`,
        );
      }
      return files.namespace.run('truncate', {
        ...{ ...split(place), caller, size: newlength, etag: '' },
        revision: file.revision,
        object: objectAfterChange(file),
      });
    });
    files.reclaim();
    return booleanReply(true);
  },
});

export const concat = operation({
  op: 'CONCAT',
  method: 'POST',
  parameters: { sources: required(text()) },
  run: async (call, { sources: given }) => {
    const { files, place, caller } = call;
    const { directory, name } = split(place);
    const shown = given.split(',').filter((each) => each !== '');
    const sources: string[] = [];
    for (const each of shown) {
      const source = changeablePlace(each);
      const at = split(source);
      if (at.directory.join('/') !== directory.join('/')) {
        throw new RemoteException(
          'HadoopIllegalArgumentException',
          `Source file ${each} is not in the same directory with the target ${place.shown}`,
        );
      }
      await writable({ ...call, place: source });
      sources.push(at.name);
    }
    await changing(call, (file) =>
      files.namespace.run('concat', {
        ...{ directory, name, caller, sources, etag: '' },
        revision: file.revision,
        object: objectAfterChange(file),
      }),
    );
    files.reclaim();
    return OK;
  },
});
