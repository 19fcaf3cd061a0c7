/**
 * The libraries of functions that are loaded, by name, and all their functions by name.
 *
 * Invariant: no two libraries have a function of the same name.
 */
import { ReplyError } from '../errors.ts';
import { type FunctionDumpFault, readFunctionDump, writeFunctionDump } from '../rdb/index.ts';
import type { Library, LibraryFunction } from './library.ts';

/** What FUNCTION RESTORE does with the libraries that are there. */
export type RestorePolicy = 'append' | 'replace' | 'flush';

const DUMP_ERRORS: Readonly<Record<FunctionDumpFault, ReplyError>> = {
  'bad-checksum': new ReplyError('ERR DUMP payload version or checksum are wrong'),
  'no-function': new ReplyError('ERR given type is not a function'),
  'bad-format': new ReplyError('ERR failed loading functions'),
};

export class Libraries {
  private byName = new Map<string, Library>();
  private byFunction = new Map<string, LibraryFunction>();

  get count(): number {
    return this.byName.size;
  }

  get functionCount(): number {
    return this.byFunction.size;
  }

  /** Bytes of their code. */
  get bytes(): number {
    let bytes = 0;
    for (const { code } of this.byName.values()) bytes += code.length;
    return bytes;
  }

  /** A function by its name, whose letters' case does not matter. */
  find(name: string): LibraryFunction | undefined {
    return this.byFunction.get(name) ?? this.byFunction.get(name.toLowerCase());
  }

  /** The library of a function. */
  of(f: LibraryFunction): Library | undefined {
    for (const library of this.byName.values()) {
      if (library.functions.get(f.name) === f) return library;
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  values(): IterableIterator<Library> {
    return this.byName.values();
  }

  /** Adds a library; one of the same name gives way when it may be replaced. @throws ReplyError */
  add(library: Library, replace: boolean): void {
    const old = this.byName.get(library.name);
    if (old !== undefined) {
      if (!replace) throw libraryExists(library.name);
      this.unlink(old);
    }
    for (const name of library.functions.keys()) {
      if (!this.byFunction.has(key(name))) continue;
      if (old !== undefined) this.link(old);
      throw new ReplyError(`ERR Function ${name} already exists`);
    }
    this.link(library);
  }

  private link(library: Library): void {
    this.byName.set(library.name, library);
    for (const f of library.functions.values()) this.byFunction.set(key(f.name), f);
  }

  private unlink(library: Library): void {
    this.byName.delete(library.name);
    for (const name of library.functions.keys()) this.byFunction.delete(key(name));
  }

  /** Whether there was such a library. */
  remove(name: string): boolean {
    const library = this.byName.get(name);
    if (library !== undefined) this.unlink(library);
    return library !== undefined;
  }

  clear(): void {
    this.byName.clear();
    this.byFunction.clear();
  }

  /** The payload of FUNCTION DUMP. */
  dump(): Buffer {
    return writeFunctionDump(
      [...this.byName.values()].map(({ code }) => Buffer.from(code, 'latin1')),
    );
  }

  /**
   * Takes all libraries of a payload, or none. `load` makes a library from its text.
   * @throws ReplyError
   */
  restore(payload: Buffer, policy: RestorePolicy, load: (text: string) => Library): void {
    const texts = readFunctionDump(payload);
    if (typeof texts === 'string') throw DUMP_ERRORS[texts];
    const incoming = new Libraries();
    for (const text of texts) incoming.add(load(text.toString('latin1')), false);
    const result = new Libraries();
    if (policy !== 'flush') for (const library of this.values()) result.link(library);
    if (policy === 'replace') for (const { name } of incoming.values()) result.remove(name);
    for (const library of incoming.values()) result.add(library, false);
    this.byName = result.byName;
    this.byFunction = result.byFunction;
  }
}

export function libraryExists(name: string): ReplyError {
  return new ReplyError(`ERR Library '${name}' already exists`);
}

function key(name: string): string {
  return name.toLowerCase();
}
