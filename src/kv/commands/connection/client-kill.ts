/** CLIENT KILL: ends connections by address or by filters. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { addressOf, localAddressOf } from '../../session/describe.ts';
import type { Session } from '../../session/session.ts';
import { clientRow } from './client-row.ts';
import { type ClientType, typeNamed, typeOf } from './client-type.ts';

const NO_SUCH_CLIENT = new ReplyError('ERR No such client');
const BAD_ID = new ReplyError('ERR client-id should be greater than 0');
const BAD_AGE = new ReplyError('ERR maxage is not an integer or out of range');
const AGE_NOT_POSITIVE = new ReplyError('ERR maxage should be greater than 0');

interface Filters {
  id?: number;
  address?: string;
  localAddress?: string;
  type?: ClientType;
  user?: string;
  /** Seconds that the connection must have lasted. */
  ageMin?: number;
  skipMe: boolean;
}

function readFilters(call: Call): Filters {
  const { args, engine } = call;
  const filters: Filters = { skipMe: true };
  for (let i = 2; i < call.count; i += 2) {
    if (i + 1 >= call.count) throw SYNTAX_ERROR;
    const value = args.text(i + 1);
    switch (args.keyword(i)) {
      case 'ID':
        filters.id = call.intBetween(i + 1, 1, Number.MAX_SAFE_INTEGER, BAD_ID);
        break;
      case 'TYPE':
        filters.type = typeNamed(value);
        break;
      case 'ADDR':
        filters.address = value;
        break;
      case 'LADDR':
        filters.localAddress = value;
        break;
      case 'USER':
        if (engine.acl.user(value) === undefined)
          throw new ReplyError(`ERR No such user '${value}'`);
        filters.user = value;
        break;
      case 'MAXAGE':
        filters.ageMin = call.int(i + 1, BAD_AGE);
        if (filters.ageMin <= 0) throw AGE_NOT_POSITIVE;
        break;
      case 'SKIPME':
        if (!/^(?:yes|no)$/i.test(value)) throw SYNTAX_ERROR;
        filters.skipMe = value.toLowerCase() === 'yes';
        break;
      default:
        throw SYNTAX_ERROR;
    }
  }
  return filters;
}

function fits(session: Session, filters: Filters, nowMs: number): boolean {
  const { id, address, localAddress, type, user, ageMin } = filters;
  if (id !== undefined && session.id !== id) return false;
  if (address !== undefined && addressOf(session) !== address) return false;
  if (localAddress !== undefined && localAddressOf(session) !== localAddress) return false;
  if (type !== undefined && typeOf(session) !== type) return false;
  if (user !== undefined && session.user.name !== user) return false;
  return ageMin === undefined || nowMs - session.createdMs >= ageMin * 1000;
}

function kill(call: Call): void {
  const { args, engine, session: own, reply } = call;
  const old = call.count === 3;
  const filters: Filters = old ? { address: args.text(2), skipMe: false } : readFilters(call);
  let killed = 0;
  for (const session of [...engine.sessions]) {
    if (session.closing || !fits(session, filters, call.nowMs)) continue;
    if (filters.skipMe && session === own) continue;
    engine.endSession(session, 'killed');
    killed++;
    if (old) break;
  }
  if (!old) reply.integer(killed);
  else if (killed > 0) reply.ok();
  else throw NO_SUCH_CLIENT;
}

export const killRows: readonly CommandSpec[] = [
  clientRow({
    name: 'kill',
    arity: -3,
    flags: ['admin', 'noscript', 'loading', 'stale'],
    since: '2.4.0',
    complexity: 'O(N) with N connections',
    summary: 'Ends connections.',
    syntax:
      '<ip:port | <[ID client-id] | [TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] | [USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME <YES | NO>] | [MAXAGE maxage] ...>>',
    run: kill,
  }),
];
