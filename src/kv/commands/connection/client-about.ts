/** CLIENT ID, INFO, LIST, GETNAME, SETNAME, SETINFO. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { describeClient } from '../../session/describe.ts';
import type { Session } from '../../session/session.ts';
import { clientRow } from './client-row.ts';
import { type ClientType, typeNamed, typeOf } from './client-type.ts';
import { checkClientName, checkLibraryText } from './names.ts';

const BAD_ID = new ReplyError('ERR Invalid client ID');

function id(call: Call): void {
  call.reply.integer(call.session.id);
}

function info(call: Call): void {
  call.reply.verbatim(`${describeClient(call.engine, call.session)}\n`);
}

function list(call: Call): void {
  const { args, engine } = call;
  let chosen: Iterable<Session> = engine.sessions;
  if (call.count === 4 && args.keyword(2) === 'TYPE') {
    const type: ClientType = typeNamed(args.text(3));
    chosen = [...engine.sessions].filter((session) => typeOf(session) === type);
  } else if (call.count > 3 && args.keyword(2) === 'ID') {
    const found: Session[] = [];
    for (let i = 3; i < call.count; i++) {
      const session = engine.sessions.get(call.int(i, BAD_ID));
      if (session !== undefined) found.push(session);
    }
    chosen = found;
  } else if (call.count > 2) throw SYNTAX_ERROR;
  let text = '';
  for (const session of chosen) text += `${describeClient(engine, session)}\n`;
  call.reply.verbatim(text);
}

function getName(call: Call): void {
  const { name } = call.session;
  if (name === '') call.reply.null();
  else call.reply.bulkText(name);
}

function setName(call: Call): void {
  call.session.name = checkClientName(call.args.text(2));
  call.reply.ok();
}

function setInfo(call: Call): void {
  const { args, session } = call;
  const attribute = args.text(2);
  switch (attribute.toLowerCase()) {
    case 'lib-name':
      session.libName = checkLibraryText(attribute, args.text(3));
      break;
    case 'lib-ver':
      session.libVersion = checkLibraryText(attribute, args.text(3));
      break;
    default:
      throw new ReplyError(`ERR Unrecognized option '${attribute}'`);
  }
  call.reply.ok();
}

export const aboutRows: readonly CommandSpec[] = [
  clientRow({
    name: 'id',
    arity: 2,
    since: '5.0.0',
    summary: 'Tells the id of the connection.',
    run: id,
  }),
  clientRow({
    name: 'info',
    arity: 2,
    since: '6.2.0',
    summary: 'Describes the connection.',
    tips: ['nondeterministic_output'],
    run: info,
  }),
  clientRow({
    name: 'list',
    arity: -2,
    since: '2.4.0',
    flags: ['admin', 'noscript', 'loading', 'stale'],
    complexity: 'O(N) with N connections',
    summary: 'Describes connections.',
    syntax: '[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]',
    tips: ['nondeterministic_output', 'request_policy:all_shards'],
    run: list,
  }),
  clientRow({
    name: 'getname',
    arity: 2,
    since: '2.6.9',
    summary: 'Tells the name of the connection.',
    run: getName,
  }),
  clientRow({
    name: 'setname',
    arity: 3,
    since: '2.6.9',
    summary: 'Names the connection.',
    syntax: 'connection-name',
    run: setName,
  }),
  clientRow({
    name: 'setinfo',
    arity: 4,
    since: '7.2.0',
    summary: 'Tells the library that the client uses.',
    syntax: '<LIB-NAME libname | LIB-VER libver>',
    run: setInfo,
  }),
];
