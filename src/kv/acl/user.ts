/**
 * One user: whether it may log in, by which passwords, and what it may do. Rules are the words of ACL
 * SETUSER (https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/).
 *
 * Sessions keep a reference to their user, so a changed user is changed in place (`become`).
 */
import type { CommandTable } from '../command/table.ts';
import { hashPassword, isPasswordHash, matchesPassword } from './password.ts';
import type { RuleProblem } from './rule-error.ts';
import { Selector } from './selector.ts';
import { splitRules } from './words.ts';

export interface UserContext {
  readonly commands: CommandTable;
  /** `acl-pubsub-default`: whether new users may use all channels. */
  allChannelsByDefault(): boolean;
}

export class User {
  readonly name: string;
  private readonly context: UserContext;
  enabled = false;
  noPassword = false;
  /** Whether RESTORE checks this user's payloads deeply. We always do; the flag is kept for show. */
  sanitize = true;
  /** SHA-256 in hex, in order of addition. */
  passwords = new Set<string>();
  /** The root selector first. */
  selectors: Selector[];
  /** Every command, key and channel is allowed: the check can be skipped. */
  unrestricted = false;

  constructor(name: string, context: UserContext) {
    this.name = name;
    this.context = context;
    this.selectors = [new Selector(context.commands, context.allChannelsByDefault())];
  }

  get root(): Selector {
    return this.selectors[0]!;
  }

  /** Whether this password lets the user in. */
  admits(password: string): boolean {
    const fits = matchesPassword(this.passwords, password);
    return this.enabled && (this.noPassword || fits);
  }

  /** A user of the same name and rules, to try changes on. */
  copy(): User {
    const copy = new User(this.name, this.context);
    copy.become(this);
    return copy;
  }

  /** Takes over all rules of another user. */
  become(other: User): void {
    this.enabled = other.enabled;
    this.noPassword = other.noPassword;
    this.sanitize = other.sanitize;
    this.passwords = new Set(other.passwords);
    this.selectors = other.selectors.map((selector) => selector.copy());
    this.unrestricted = this.selectors.some(
      ({ allCommands, allKeys, allChannels }) => allCommands && allKeys && allChannels,
    );
  }

  /** Applies one rule. @returns what is wrong with it; nothing has changed then. */
  apply(rule: string): RuleProblem | undefined {
    const problem = this.applyRule(rule);
    this.unrestricted = this.selectors.some(
      ({ allCommands, allKeys, allChannels }) => allCommands && allKeys && allChannels,
    );
    return problem;
  }

  private applyRule(rule: string): RuleProblem | undefined {
    if (rule === '') return undefined;
    switch (rule.toLowerCase()) {
      case 'on':
        this.enabled = true;
        return undefined;
      case 'off':
        this.enabled = false;
        return undefined;
      case 'nopass':
        this.noPassword = true;
        this.passwords.clear();
        return undefined;
      case 'resetpass':
        this.noPassword = false;
        this.passwords.clear();
        return undefined;
      case 'sanitize-payload':
        this.sanitize = true;
        return undefined;
      case 'skip-sanitize-payload':
        this.sanitize = false;
        return undefined;
      case 'clearselectors':
        this.selectors.length = 1;
        return undefined;
      case 'reset':
        this.become(new User(this.name, this.context));
        return undefined;
    }
    const rest = rule.slice(1);
    switch (rule[0]) {
      case '>':
        return this.addPassword(hashPassword(rest));
      case '#':
        return isPasswordHash(rest) ? this.addPassword(rest) : 'bad-hash';
      case '<':
        return this.removePassword(hashPassword(rest));
      case '!':
        return isPasswordHash(rest) ? this.removePassword(rest) : 'bad-hash';
      case '(':
        if (rule.endsWith(')')) return this.addSelector(rule.slice(1, -1));
        return this.root.apply(rule);
      default:
        return this.root.apply(rule);
    }
  }

  private addPassword(hash: string): undefined {
    this.passwords.add(hash);
    this.noPassword = false;
  }

  private removePassword(hash: string): RuleProblem | undefined {
    return this.passwords.delete(hash) ? undefined : 'no-such-password';
  }

  private addSelector(rules: string): RuleProblem | undefined {
    const selector = new Selector(this.context.commands, this.context.allChannelsByDefault());
    for (const rule of splitRules(rules) ?? []) {
      const problem = selector.apply(rule);
      if (problem !== undefined) return problem;
    }
    this.selectors.push(selector);
    return undefined;
  }

  /** Flags as ACL GETUSER tells them. */
  get flags(): string[] {
    const flags = [this.enabled ? 'on' : 'off'];
    if (this.noPassword) flags.push('nopass');
    flags.push(this.sanitize ? 'sanitize-payload' : 'skip-sanitize-payload');
    return flags;
  }

  /** All rules in one line, which applied to a fresh user give this one. */
  describe(): string {
    const parts = [...this.flags];
    for (const hash of this.passwords) parts.push(`#${hash}`);
    parts.push(this.root.describe());
    for (const selector of this.selectors.slice(1)) parts.push(`(${selector.describe()})`);
    return parts.join(' ');
  }
}
