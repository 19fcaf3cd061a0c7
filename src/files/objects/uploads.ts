/**
 * Uploads in parts, as the object store has them. An upload is found by its bucket, key and number together.
 */
import type { Content } from '../namespace/extents.ts';
import { listUploads } from '../namespace/list.ts';
import type {
  Attributes,
  Completion,
  Listing,
  ListQuery,
  NewPart,
  ObjectVersion,
  Outcome,
  Part,
  Upload,
  UploadName,
} from '../s3/object-store.ts';
import { OWNER, placeOf, refused, type StoreWork } from './store-work.ts';
import {
  conditionOf,
  decodeAttributes,
  encodeAttributes,
  failureOf,
  idOf,
  numberOf,
  partOf,
  refusalOf,
  versionOf,
} from './versions.ts';

export class Uploads {
  private readonly work: StoreWork;

  constructor(work: StoreWork) {
    this.work = work;
  }

  /** Makes content a part of an upload. */
  async namePart(
    bucket: string,
    part: NewPart,
    content: Content,
    size: number,
  ): Promise<Outcome<Part>> {
    const { key, uploadId, number, etag, attributes } = part;
    const upload = numberOf(uploadId);
    if (upload === undefined) return refused('no-such-upload');
    return this.work.outcome(bucket, async () => {
      const record = await this.work.files.namespace.run('putPart', {
        ...{ bucket, key, upload, part: number, size, etag, content },
        object: encodeAttributes(attributes),
        replication: this.work.files.replication,
      });
      this.work.files.reclaim();
      return partOf({ ...record, part: number });
    });
  }

  async create(
    bucket: string,
    { key, attributes }: { key: string; attributes: Attributes },
  ): Promise<Outcome<Upload>> {
    return this.work.outcome(bucket, async () => {
      const object = encodeAttributes(attributes);
      const { namespace } = this.work.files;
      const { upload, startedMs } = await namespace.run('startUpload', {
        ...{ bucket, key, object },
        owner: OWNER,
      });
      return { key, uploadId: idOf(upload), createdMs: startedMs, attributes };
    });
  }

  async find(name: UploadName): Promise<Upload | undefined> {
    const { bucket, key, uploadId } = name;
    const number = numberOf(uploadId);
    if (number === undefined) return undefined;
    const { reader } = this.work.files.namespace;
    const found = await this.work.guarded(() => reader.upload(bucket, key, number));
    if (found === null) return undefined;
    const { startedMs, object } = found;
    return { key, uploadId, createdMs: startedMs, attributes: decodeAttributes(object) };
  }

  async parts(
    name: UploadName,
    { after, max }: { after: number; max: number },
  ): Promise<{ readonly parts: readonly Part[]; readonly isTruncated: boolean } | undefined> {
    if ((await this.find(name)) === undefined) return undefined;
    const { reader } = this.work.files.namespace;
    const parts = await this.work.guarded(() =>
      reader.parts(numberOf(name.uploadId)!, after, max + 1),
    );
    return { parts: parts.slice(0, max).map(partOf), isTruncated: parts.length > max };
  }

  async complete(name: UploadName, completion: Completion): Promise<Outcome<ObjectVersion>> {
    const { bucket, key, uploadId } = name;
    const upload = numberOf(uploadId);
    if (upload === undefined) return refused('no-such-upload');
    const { parts, etag, attributes, precondition } = completion;
    const condition = conditionOf(precondition);
    return this.work.outcome(bucket, async () => {
      const { directory, name: last } = placeOf(bucket, key);
      const file = await this.work.files.namespace.run('completeUpload', {
        ...{ bucket, key, upload, directory, name: last },
        parts: parts.map(({ number, etag: tag }) => ({ part: number, etag: tag })),
        file: this.work.properties(etag, attributes),
        make: this.work.make,
        ...(condition !== undefined && { condition }),
      });
      this.work.files.reclaim();
      return versionOf(key, file, true);
    });
  }

  async abort({ bucket, key, uploadId }: UploadName): Promise<boolean> {
    const upload = numberOf(uploadId);
    if (upload === undefined) return false;
    try {
      await this.work.files.namespace.run('abortUpload', { bucket, key, upload });
      this.work.files.reclaim();
      return true;
    } catch (error) {
      if (refusalOf(error) !== undefined) return false;
      throw failureOf(error);
    }
  }

  async list(bucket: string, query: ListQuery): Promise<Listing<Upload>> {
    const { prefix, delimiter, after, max } = query;
    const { reader } = this.work.files.namespace;
    const afterUpload = after?.id === undefined ? undefined : numberOf(after.id);
    const page = await this.work.guarded(() =>
      listUploads(reader, {
        ...{ bucket, prefix, delimiter, after: after?.key ?? '', max },
        ...(afterUpload !== undefined && { afterUpload }),
      }),
    );
    const rows = page.uploads.map(({ key, upload, startedMs, object }) => ({
      key,
      uploadId: idOf(upload),
      createdMs: startedMs,
      attributes: decodeAttributes(object),
    }));
    const { last } = page;
    if (!page.isTruncated || last === undefined) return { rows, prefixes: page.prefixes };
    const id = last.upload === undefined ? {} : { id: idOf(last.upload) };
    return { rows, prefixes: page.prefixes, next: { key: last.key, ...id } };
  }
}
