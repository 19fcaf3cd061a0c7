/** Operations on what stands with a file or directory: modes, owners, times, replication, quotas, attributes. */
import { FilesError } from '../../errors.ts';
import type { FileChange } from '../../namespace/operations/attributes.ts';
import { Access } from '../../namespace/permission.ts';
import { type Call, noteChange, operation } from '../call.ts';
import { denied, illegalParameter, RemoteException } from '../errors.ts';
import { type Found, need, split } from '../locate.ts';
import { integer, mode, required, text, texts, words } from '../parameters.ts';
import { booleanReply, jsonReply, OK } from '../reply.ts';

/** A file that changes while somebody looks is looked at again so often. */
const TRIES_MAX = 16;

/** Changes what is found, in one step; `decide` again when it has changed meanwhile. */
async function change(
  call: Call,
  decide: (found: Found) => FileChange | undefined,
): Promise<boolean> {
  const { files, place, caller } = call;
  const { namespace } = files;
  for (let tries = 1; ; tries++) {
    const found = await need(namespace.reader, place, caller);
    const wanted = decide(found);
    if (wanted === undefined) return false;
    if (found.kind === 'directory') {
      await namespace.run('setDirectory', { path: place.path, change: wanted, caller });
      noteChange(call, place.path);
      return true;
    }
    const condition = { revision: found.inode.revision };
    try {
      await namespace.run('setFile', { ...split(place), change: wanted, caller, condition });
      return true;
    } catch (error) {
      const hasChanged = error instanceof FilesError && error.code === 'condition-failed';
      if (!hasChanged || tries === TRIES_MAX) throw error;
    }
  }
}

export const setPermission = operation({
  op: 'SETPERMISSION',
  method: 'PUT',
  parameters: { permission: mode(0o755) },
  run: async (call, { permission }) => {
    await change(call, () => ({ permission }));
    return OK;
  },
});

/** Names that every door can tell. */
const ACCOUNT = /^[\p{L}\p{N}._@$ -]{1,255}$/u;

export const setOwner = operation({
  op: 'SETOWNER',
  method: 'PUT',
  parameters: { owner: text(ACCOUNT), group: text(ACCOUNT) },
  run: async (call, { owner, group }) => {
    if (owner === undefined && group === undefined) {
      throw new RemoteException('IllegalArgumentException', 'Both owner and group are empty.');
    }
    const named = {
      ...(owner !== undefined && { owner }),
      ...(group !== undefined && { group }),
    };
    await change(call, () => named);
    return OK;
  },
});

/** Up to the end of the year 9999, the last that dates of HTTP and of S3 can tell. */
const TIME = integer(-1, { min: -1, max: Date.UTC(10_000, 0) - 1 });

export const setTimes = operation({
  op: 'SETTIMES',
  method: 'PUT',
  parameters: { modificationtime: TIME, accesstime: TIME },
  run: async (call, { modificationtime, accesstime }) => {
    await change(call, () => ({
      ...(modificationtime >= 0 && { modifiedMs: modificationtime }),
      ...(accesstime >= 0 && { accessedMs: accesstime }),
    }));
    return OK;
  },
});

export const setReplication = operation({
  op: 'SETREPLICATION',
  method: 'PUT',
  parameters: { replication: integer(1, { min: 1, max: 512 }) },
  run: async (call, { replication }) =>
    booleanReply(await change(call, ({ kind }) => (kind === 'file' ? { replication } : undefined))),
});

/** Hadoop's marks: as it is, and none. */
const AS_IT_IS = Number.MAX_SAFE_INTEGER;
const QUOTA = integer(AS_IT_IS, { min: -1 });

function quotaOf(value: number): number | null | undefined {
  if (value === AS_IT_IS) return undefined;
  return value === -1 ? null : value;
}

export const setQuota = operation({
  op: 'SETQUOTA',
  method: 'PUT',
  parameters: { namespacequota: QUOTA, storagespacequota: QUOTA },
  run: async (call, { namespacequota, storagespacequota }) => {
    const { files, place, caller } = call;
    if (!caller.isSuperuser) {
      const says = `Access denied for user ${caller.user}. Superuser privilege is required`;
      throw new RemoteException('AccessControlException', says);
    }
    const names = quotaOf(namespacequota);
    const space = quotaOf(storagespacequota);
    await files.namespace.run('setQuota', {
      path: place.path,
      ...(names !== undefined && { namesMax: names }),
      ...(space !== undefined && { spaceMax: space }),
    });
    return OK;
  },
});

const ENCODINGS = ['TEXT', 'HEX', 'BASE64'] as const;
type Encoding = (typeof ENCODINGS)[number];
const NAME = /^(user|trusted|security|system|raw)\../i;

/** `user.` is for all who may read or write the file, `trusted.` for the superuser, the others for nobody. */
function checkAttribute({ caller }: Call, name: string): void {
  const space = NAME.exec(name)?.[1]?.toLowerCase();
  if (space === undefined) {
    const says = `An XAttr name must be prefixed with user/trusted/security/system/raw, followed by a '.': ${name}`;
    throw new RemoteException('HadoopIllegalArgumentException', says);
  }
  if (space === 'user' || (space === 'trusted' && caller.isSuperuser)) return;
  throw denied(`${caller.user} may not use the attribute ${name}`);
}

export const setXattr = operation({
  op: 'SETXATTR',
  method: 'PUT',
  parameters: {
    'xattr.name': required(text()),
    'xattr.value': text(),
    flag: words(['CREATE', 'REPLACE']),
  },
  run: async (call, { 'xattr.name': name, 'xattr.value': value, flag }) => {
    checkAttribute(call, name);
    const bytes = decodeValue(value ?? '');
    await change(call, ({ inode }) => {
      const isThere = inode.attributes.has(name);
      const may = flag.size === 0 || flag.has(isThere ? 'REPLACE' : 'CREATE');
      if (!may) {
        const why = isThere ? 'already exists. The REPLACE' : 'does not exist. The CREATE';
        throw new RemoteException('IOException', `XAttr: ${name} ${why} flag must be specified.`);
      }
      return { attributes: new Map([[name, bytes]]) };
    });
    return OK;
  },
});

export const removeXattr = operation({
  op: 'REMOVEXATTR',
  method: 'PUT',
  parameters: { 'xattr.name': required(text()) },
  run: async (call, { 'xattr.name': name }) => {
    checkAttribute(call, name);
    await change(call, ({ inode }) => {
      if (!inode.attributes.has(name)) {
        const says = `No matching attributes found for remove operation: ${name}`;
        throw new RemoteException('IOException', says);
      }
      return { attributes: new Map([[name, null]]) };
    });
    return OK;
  },
});

/** Attributes that the caller may know of. */
async function attributesOf(call: Call): Promise<ReadonlyMap<string, Buffer>> {
  const { files, place, caller } = call;
  const { inode } = await need(files.namespace.reader, place, caller);
  caller.need(inode, Access.read, place.shown);
  const seen = [...inode.attributes].filter(
    ([name]) => caller.isSuperuser || !/^trusted\./i.test(name),
  );
  return new Map(seen);
}

export const getXattrs = operation({
  op: 'GETXATTRS',
  method: 'GET',
  parameters: { 'xattr.name': texts(), encoding: words(ENCODINGS) },
  run: async (call, { 'xattr.name': names, encoding }) => {
    for (const name of names) checkAttribute(call, name);
    const [as = 'TEXT'] = encoding;
    if (encoding.size > 1) throw illegalParameter('encoding', 'more than one is given');
    const attributes = await attributesOf(call);
    const wanted = names.length > 0 ? names : [...attributes.keys()];
    const XAttrs = wanted.map((name) => {
      const value = attributes.get(name);
      if (value === undefined) {
        const says = 'At least one of the attributes provided was not found.';
        throw new RemoteException('IOException', says);
      }
      return { name, value: encodeValue(value, as) };
    });
    return jsonReply({ XAttrs });
  },
});

export const listXattrs = operation({
  op: 'LISTXATTRS',
  method: 'GET',
  parameters: {},
  run: async (call) =>
    // A text that is JSON itself: so says the specification.
    jsonReply({ XAttrNames: JSON.stringify([...(await attributesOf(call)).keys()]) }),
});

/** XAttrCodec of Hadoop: text stands in quotes, hex behind 0x, base64 behind 0s. */
export function encodeValue(value: Buffer, encoding: Encoding): string {
  if (encoding === 'HEX') return `0x${value.toString('hex')}`;
  if (encoding === 'BASE64') return `0s${value.toString('base64')}`;
  return `"${value.toString()}"`;
}

export function decodeValue(text: string): Buffer {
  const isQuoted = text.length > 1 && text.startsWith('"') && text.endsWith('"');
  if (isQuoted) return Buffer.from(text.slice(1, -1));
  if (/^0x/i.test(text)) {
    if (!/^0x([0-9a-f]{2})*$/i.test(text)) throw illegalParameter('xattr.value', 'it is no hex');
    return Buffer.from(text.slice(2), 'hex');
  }
  return /^0s/i.test(text) ? Buffer.from(text.slice(2), 'base64') : Buffer.from(text);
}
