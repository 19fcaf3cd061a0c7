/** FUNCTION LIST and FUNCTION STATS. */
import type { RespWriter } from '../../../core/wire/index.ts';
import type { Call } from '../../command/call.ts';
import { ReplyError, untilZero } from '../../errors.ts';
import { matchGlob } from '../../glob.ts';
import { flagNames, type Library, type LibraryFunction } from '../../scripting/index.ts';

export function list(call: Call): void {
  const { args, reply } = call;
  let withCode = false;
  let pattern: Buffer | undefined;
  for (let i = 2; i < call.count; i++) {
    const word = args.keyword(i);
    if (!withCode && word === 'WITHCODE') withCode = true;
    else if (pattern === undefined && word === 'LIBRARYNAME') {
      if (i === call.count - 1) throw new ReplyError('ERR library name argument was not given');
      pattern = args.bytes(++i);
    } else throw new ReplyError(`ERR Unknown argument ${untilZero(args.text(i))}`);
  }
  const found: Library[] = [];
  for (const library of call.engine.scripting.libraries.values()) {
    if (pattern === undefined || matchesName(pattern, library.name)) found.push(library);
  }
  reply.array(found.length);
  for (const library of found) writeLibrary(reply, library, withCode);
}

function matchesName(pattern: Buffer, name: string): boolean {
  const text = Buffer.from(name, 'latin1');
  return matchGlob(pattern, text, 0, text.length, true);
}

function writeLibrary(reply: RespWriter, library: Library, withCode: boolean): void {
  reply.map(withCode ? 4 : 3);
  reply.bulkText('library_name');
  reply.bulkText(library.name);
  reply.bulkText('engine');
  reply.bulkText('LUA');
  reply.bulkText('functions');
  reply.array(library.functions.size);
  for (const f of library.functions.values()) writeFunction(reply, f);
  if (!withCode) return;
  reply.bulkText('library_code');
  reply.bulkText(library.code);
}

function writeFunction(reply: RespWriter, f: LibraryFunction): void {
  reply.map(3);
  reply.bulkText('name');
  reply.bulkText(f.name);
  reply.bulkText('description');
  if (f.description === undefined) reply.null();
  else reply.bulkText(f.description);
  reply.bulkText('flags');
  const flags = flagNames(f.flags);
  reply.set(flags.length);
  for (const flag of flags) reply.simple(flag);
}

export function stats(call: Call): void {
  const { engine, reply } = call;
  const { libraries, run } = engine.scripting;
  reply.map(2);
  reply.bulkText('running_script');
  if (run.state === 'idle') reply.null();
  else {
    reply.map(3);
    reply.bulkText('name');
    reply.bulkText(run.name);
    reply.bulkText('command');
    reply.array(run.command.length);
    for (const argument of run.command) reply.bulk(argument);
    reply.bulkText('duration_ms');
    reply.integer(Math.floor(engine.clock.monotonicMs() - run.startedMs));
  }
  reply.bulkText('engines');
  reply.map(1);
  reply.bulkText('LUA');
  reply.map(2);
  reply.bulkText('libraries_count');
  reply.integer(libraries.count);
  reply.bulkText('functions_count');
  reply.integer(libraries.functionCount);
}
