/**
 * Users and what they may do (https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/).
 *
 * Invariants: there is always a user `default`, whom new connections are; a User object stays the same
 * while its name exists, because sessions refer to it; no password is kept as text but the one of the
 * configuration, which CONFIG GET requirepass shows.
 */
import type { Args } from '../../core/wire/index.ts';
import type { Command } from '../command/table.ts';
import type { Engine } from '../engine/engine.ts';
import { ReplyError } from '../errors.ts';
import { describeClient } from '../session/describe.ts';
import type { Session } from '../session/session.ts';
import { type AclStore, formatUsers, parseUsers } from './file.ts';
import { AclLog, type AclLogContext, type AclLogReason } from './log.ts';
import { mergeSelectors } from './merge.ts';
import { allowsChannel, type Denial, denial } from './permission.ts';
import { problemText } from './rule-error.ts';
import { User, type UserContext } from './user.ts';
import { hasSpaces } from './words.ts';

/** Where a command comes from; it decides the words of a refusal. */
export type CheckContext = 'client' | 'exec' | 'script';

const EXEC_REASONS: Readonly<Record<Denial['reason'], string>> = {
  command: 'no permission to execute the command or subcommand',
  key: 'no permission to touch the specified keys',
  channel: 'no permission to access one of the channels used as arguments to the command',
};

export class Acl {
  readonly defaultUser: User;
  /** Runs what the store itself runs. */
  readonly superuser: User;
  readonly log = new AclLog();
  /** The file of users, undefined when none is configured. */
  store: AclStore | undefined;
  private readonly engine: Engine;
  private readonly context: UserContext;
  private readonly byName = new Map<string, User>();
  /** As `requirepass` shows it; empty for none. */
  private password = '';

  constructor(engine: Engine) {
    this.engine = engine;
    this.context = {
      commands: engine.commands,
      allChannelsByDefault: () => engine.settings.aclPubsubDefault === 'allchannels',
    };
    this.defaultUser = this.openUser('default');
    this.superuser = this.openUser('superuser');
    this.byName.set('default', this.defaultUser);
  }

  /** A user who may do everything without a password. */
  private openUser(name: string): User {
    const user = new User(name, this.context);
    for (const rule of ['on', 'nopass', '~*', '&*', '+@all']) user.apply(rule);
    return user;
  }

  /** Whether a new connection has to authenticate first. */
  get passwordRequired(): boolean {
    return !this.defaultUser.noPassword || !this.defaultUser.enabled;
  }

  /** All users, by name. */
  users(): User[] {
    return [...this.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  user(name: string): User | undefined {
    return this.byName.get(name);
  }

  // Passwords.

  get requirepass(): string {
    return this.password;
  }

  /** Sets the one password of the default user; empty: it needs none (CONFIG SET requirepass). */
  setDefaultPassword(password: string): void {
    this.password = password;
    for (const rule of ['resetpass', password === '' ? 'nopass' : `>${password}`]) {
      this.defaultUser.apply(rule);
    }
  }

  /** Logs a session in, or notes the failure. */
  authenticate(session: Session, name: string, password: string, command: string): boolean {
    const user = this.byName.get(name);
    if (user?.admits(password) === true) {
      session.user = user;
      session.authenticated = true;
      return true;
    }
    const context = session.transaction.state === 'none' ? 'toplevel' : 'multi';
    this.note(session, 'auth', context, command, name);
    return false;
  }

  // Permission.

  /** Why the session may not run this, undefined when it may. Refusals are noted in the log. */
  check(
    session: Session,
    command: Command,
    args: Args,
    context: CheckContext = 'client',
  ): ReplyError | undefined {
    const { user } = session;
    const refused = denial(user, command, args);
    if (refused === undefined) return undefined;
    const object = refused.reason === 'command' ? command.fullName : args.text(refused.index);
    const inTransaction = context === 'exec' || session.transaction.state !== 'none';
    this.note(
      session,
      refused.reason,
      context === 'script' ? 'lua' : inTransaction ? 'multi' : 'toplevel',
      object,
      user.name,
    );
    if (context === 'exec') {
      return new ReplyError(
        `NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: ${EXEC_REASONS[refused.reason]}`,
      );
    }
    const text = denialText(refused, user, command);
    return new ReplyError(
      context === 'script' ? `ERR ACL failure in script: ${text}` : `NOPERM ${text}`,
    );
  }

  private note(
    session: Session,
    reason: AclLogReason,
    context: AclLogContext,
    object: string,
    username: string,
  ): void {
    const { settings, keyspace } = this.engine;
    const clientInfo = describeClient(this.engine, session);
    const what = { reason, context, object, username, clientInfo };
    this.log.add(what, keyspace.nowMs, settings.acllogMaxLen);
  }

  // Changes.

  /** Applies rules to a user, whole or not at all; makes the user when there is none. */
  setUser(name: string, words: readonly string[]): void {
    if (hasSpaces(name)) {
      throw new ReplyError("ERR Usernames can't contain spaces or null characters");
    }
    const rules = mergeSelectors(words);
    if (typeof rules === 'number') {
      throw new ReplyError(
        `ERR Unmatched parenthesis in acl selector starting at '${words[rules]}'.`,
      );
    }
    const old = this.byName.get(name);
    const changed = old?.copy() ?? new User(name, this.context);
    for (const rule of rules) {
      const problem = changed.apply(rule);
      if (problem === undefined) continue;
      throw new ReplyError(`ERR Error in ACL SETUSER modifier '${rule}': ${problemText(problem)}`);
    }
    if (old === undefined) this.byName.set(name, changed);
    else {
      old.become(changed);
      this.endForbiddenSubscribers(old);
    }
  }

  /** Deletes a user and ends the connections that are logged in as it; false when there is none. */
  deleteUser(name: string): boolean {
    const user = this.byName.get(name);
    if (user === undefined) return false;
    this.byName.delete(name);
    this.endSessionsOf(user);
    return true;
  }

  private endSessionsOf(user: User): void {
    for (const session of [...this.engine.sessions]) {
      if (session.user !== user) continue;
      session.user = this.defaultUser;
      session.authenticated = false;
      this.engine.endSession(session, 'auth-failed');
    }
  }

  /** Ends subscribers that listen to what their user may not listen to any more. */
  private endForbiddenSubscribers(user: User): void {
    if (user.selectors.some((selector) => selector.allChannels)) return;
    for (const session of [...this.engine.sessions]) {
      if (session.user === user && listensToForbidden(session, user)) {
        this.engine.endSession(session, 'auth-failed');
      }
    }
  }

  // The file.

  /** Writes all users to the file. @throws the disk's error. */
  save(): void {
    this.store?.write(formatUsers(this.users()));
  }

  /**
   * Replaces all users by those of the file; a missing file has none. The default user stays as it is
   * when the file does not name it. @returns what is wrong with the file; nothing has changed then.
   */
  load(): string | undefined {
    const { store } = this;
    const bytes = store?.read() ?? null;
    if (store === undefined || bytes === null) return undefined;
    const loaded = parseUsers(bytes.toString('latin1'), store.path, this.context);
    if (typeof loaded === 'string') return loaded;
    for (const user of this.users()) {
      if (loaded.has(user.name) || user === this.defaultUser) continue;
      this.byName.delete(user.name);
      this.endSessionsOf(user);
    }
    for (const user of loaded.values()) {
      const old = this.byName.get(user.name);
      if (old === undefined) this.byName.set(user.name, user);
      else {
        old.become(user);
        this.endForbiddenSubscribers(old);
      }
    }
    return undefined;
  }
}

/** A refusal in words, without its code. `withArgument`: tells the key or channel. */
export function denialText(
  refused: Denial,
  user: User,
  command: Command,
  argument?: string,
): string {
  if (refused.reason === 'command') {
    return `User ${user.name} has no permissions to run the '${command.fullName}' command`;
  }
  if (argument === undefined) return `No permissions to access a ${refused.reason}`;
  return `User ${user.name} has no permissions to access the '${argument}' ${refused.reason}`;
}

function listensToForbidden(session: Session, user: User): boolean {
  const { subscriptions } = session;
  if (subscriptions === undefined) return false;
  const allowed = (name: string, isPattern: boolean): boolean =>
    user.selectors.some((selector) =>
      allowsChannel(selector.channels, Buffer.from(name, 'latin1'), isPattern),
    );
  const { channels, patterns, shards } = subscriptions;
  return (
    [...patterns].some((name) => !allowed(name, true)) ||
    [...channels, ...shards].some((name) => !allowed(name, false))
  );
}
