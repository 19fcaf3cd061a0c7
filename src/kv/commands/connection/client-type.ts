/** Classes of clients, as CLIENT LIST and CLIENT KILL name them. */
import { ReplyError } from '../../errors.ts';
import type { Session } from '../../session/session.ts';

export type ClientType = 'normal' | 'replica' | 'pubsub' | 'master';

/** @throws when there is no such class. */
export function typeNamed(word: string): ClientType {
  switch (word.toLowerCase()) {
    case 'normal':
      return 'normal';
    case 'slave':
    case 'replica':
      return 'replica';
    case 'pubsub':
      return 'pubsub';
    case 'master':
      return 'master';
    default:
      throw new ReplyError(`ERR Unknown client type '${word}'`);
  }
}

/** Replicas and masters speak another protocol with each other: no session is one. */
export function typeOf(session: Session): ClientType {
  return session.subscriptions === undefined ? 'normal' : 'pubsub';
}
