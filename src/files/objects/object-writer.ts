/**
 * An object or a part on its way: content first, then the name, in one step.
 */
import { FilesError } from '../errors.ts';
import type { Content } from '../namespace/extents.ts';
import type { Extent } from '../namespace/inode.ts';
import {
  type NewObject,
  type NewPart,
  type ObjectVersion,
  type ObjectWriter,
  type OpenObject,
  type Outcome,
  type Part,
  StoreFailure,
} from '../s3/object-store.ts';
import type { ContentWriter } from './content-writer.ts';
import { failureOf } from './versions.ts';

export interface NamingWork {
  object(object: NewObject, content: Content, size: number): Promise<Outcome<ObjectVersion>>;
  part(part: NewPart, content: Content, size: number): Promise<Outcome<Part>>;
  /** Extents of an open object, which is one of the same store. */
  extentsOf(source: OpenObject): readonly Extent[];
}

export class StoredObjectWriter implements ObjectWriter {
  private readonly content: ContentWriter;
  private readonly naming: NamingWork;

  constructor(content: ContentWriter, naming: NamingWork) {
    this.content = content;
    this.naming = naming;
  }

  write(bytes: Buffer): Promise<void> | undefined {
    return this.content.write(bytes)?.catch(rethrow);
  }

  async adopt(source: OpenObject): Promise<void> {
    try {
      await this.content.adopt(this.naming.extentsOf(source));
    } catch (error) {
      throw failureOf(error);
    }
  }

  commit(object: NewObject): Promise<Outcome<ObjectVersion>> {
    return this.name((content, size) => this.naming.object(object, content, size));
  }

  commitPart(part: NewPart): Promise<Outcome<Part>> {
    return this.name((content, size) => this.naming.part(part, content, size));
  }

  abort(): void {
    this.content.abort();
  }

  private async name<T>(
    give: (content: Content, size: number) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const { content } = this;
    try {
      const finished = await content.finish();
      const outcome = await this.given(finished, give);
      if (outcome.done) content.done();
      else content.abort();
      return outcome;
    } catch (error) {
      const failure = failureOf(error);
      // What may yet get its name keeps its bytes; without one they go at the next start.
      if (isUndecided(failure)) content.done();
      else content.abort();
      throw failure;
    }
  }

  private async given<T>(
    content: Content,
    give: (content: Content, size: number) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const { size } = this.content;
    try {
      return await give(content, size);
    } catch (error) {
      if (!(error instanceof FilesError) || error.code !== 'source-changed') throw error;
      // What is shared has lost its last name meanwhile. Its bytes are there, because they are pinned.
      const newBlocks = [...content.newBlocks, ...this.content.adoptedBlocks()];
      return await give({ ...content, newBlocks }, size);
    }
  }
}

function isUndecided(failure: unknown): boolean {
  const cause = failure instanceof StoreFailure ? failure.cause : undefined;
  return cause instanceof FilesError && cause.isUndecided;
}

function rethrow(error: unknown): never {
  throw failureOf(error);
}
