/**
 * One set of permissions: commands, keys and channels that go together. A user has a root selector and
 * may have more; a request is allowed when one of them allows all of it.
 *
 * Rules are kept in two forms: as bits by command, which answer the question, and as the words that
 * made them, which ACL LIST and ACL SAVE show. Both are changed together by `apply`.
 */
import { ownBytes } from '../../core/base/index.ts';
import { ACL_CATEGORIES, categoriesOf } from '../command/categories.ts';
import type { Command, CommandTable } from '../command/table.ts';
import type { RuleProblem } from './rule-error.ts';
import { hasSpaces } from './words.ts';

const CATEGORY_NAMES: ReadonlySet<string> = new Set(ACL_CATEGORIES);

export interface KeyPattern {
  readonly pattern: Buffer;
  read: boolean;
  write: boolean;
}

export class Selector {
  private readonly commands: CommandTable;
  allKeys = false;
  allChannels = false;
  allCommands = false;
  /** Commands that are not known yet would be allowed: the rules begin with +@all. */
  private futureCommands = false;
  /** By `Command.id`: 1 when allowed. */
  private readonly allowed: Uint8Array;
  /** Commands that are allowed with certain first arguments only. */
  private readonly firstArgs = new Map<number, string[]>();
  /** The rules for commands behind +@all or -@all, one word each. */
  private words: string[] = [];
  readonly keys: KeyPattern[] = [];
  readonly channels: Buffer[] = [];

  constructor(commands: CommandTable, allChannels: boolean) {
    this.commands = commands;
    this.allChannels = allChannels;
    this.allowed = new Uint8Array(commands.all.length);
  }

  /** A copy that may be changed by itself. */
  copy(): Selector {
    const copy = new Selector(this.commands, this.allChannels);
    copy.allKeys = this.allKeys;
    copy.allCommands = this.allCommands;
    copy.futureCommands = this.futureCommands;
    copy.allowed.set(this.allowed);
    for (const [id, args] of this.firstArgs) copy.firstArgs.set(id, [...args]);
    copy.words = [...this.words];
    copy.keys.push(...this.keys.map((key) => ({ ...key })));
    copy.channels.push(...this.channels);
    return copy;
  }

  /** Whether a command may run, its first argument looked at where that matters. */
  allows(command: Command, firstArg: () => string | undefined): boolean {
    if (this.allCommands || this.allowed[command.id] === 1) return true;
    const known = this.firstArgs.get(command.id);
    if (known === undefined) return false;
    const given = firstArg()?.toLowerCase();
    return given !== undefined && known.includes(given);
  }

  /** Applies one rule for commands, keys or channels. @returns what is wrong with it. */
  apply(rule: string): RuleProblem | undefined {
    switch (rule.toLowerCase()) {
      case 'allkeys':
      case '~*':
        this.keys.length = 0;
        this.allKeys = true;
        return undefined;
      case 'resetkeys':
        this.keys.length = 0;
        this.allKeys = false;
        return undefined;
      case 'allchannels':
      case '&*':
        this.channels.length = 0;
        this.allChannels = true;
        return undefined;
      case 'resetchannels':
        this.channels.length = 0;
        this.allChannels = false;
        return undefined;
      case 'allcommands':
      case '+@all':
        this.setAll(true);
        return undefined;
      case 'nocommands':
      case '-@all':
        this.setAll(false);
        return undefined;
    }
    switch (rule[0]) {
      case '~':
        return this.addKeys(rule.slice(1), true, true);
      case '%':
        return this.addKeysWithPermission(rule);
      case '&':
        return this.addChannels(rule.slice(1));
      case '+':
      case '-': {
        const allow = rule[0] === '+';
        if (rule[1] === '@') return this.setCategory(rule.slice(2).toLowerCase(), allow);
        return allow ? this.allow(rule.slice(1)) : this.deny(rule.slice(1));
      }
      default:
        return 'syntax';
    }
  }

  private setAll(allow: boolean): void {
    this.allowed.fill(allow ? 1 : 0);
    this.allCommands = allow;
    this.futureCommands = allow;
    this.firstArgs.clear();
    this.words = [];
  }

  private addKeysWithPermission(rule: string): RuleProblem | undefined {
    const tilde = rule.indexOf('~');
    const letters = rule.slice(1, tilde < 0 ? rule.length : tilde).toUpperCase();
    if (tilde < 0 || !/^(?:R|W|RW|WR)$/.test(letters)) {
      return this.allKeys ? 'pattern-after-all-keys' : 'syntax';
    }
    return this.addKeys(rule.slice(tilde + 1), letters.includes('R'), letters.includes('W'));
  }

  private addKeys(text: string, read: boolean, write: boolean): RuleProblem | undefined {
    if (this.allKeys) return 'pattern-after-all-keys';
    if (hasSpaces(text)) return 'syntax';
    const pattern = ownBytes(text, 'latin1');
    const known = this.keys.find((key) => key.pattern.equals(pattern));
    if (known === undefined) this.keys.push({ pattern, read, write });
    else {
      known.read ||= read;
      known.write ||= write;
    }
    return undefined;
  }

  private addChannels(text: string): RuleProblem | undefined {
    if (this.allChannels) return 'pattern-after-all-channels';
    if (hasSpaces(text)) return 'syntax';
    const pattern = ownBytes(text, 'latin1');
    if (!this.channels.some((known) => known.equals(pattern))) this.channels.push(pattern);
    return undefined;
  }

  private allow(name: string): RuleProblem | undefined {
    const bar = name.lastIndexOf('|');
    const lower = name.toLowerCase();
    if (bar < 0) {
      const command = this.commands.get(lower);
      if (command === undefined) return 'unknown';
      this.setCommand(command, true);
      this.note(command.fullName, true);
      return undefined;
    }
    const container = this.commands.get(lower.slice(0, bar));
    if (container === undefined) return 'unknown';
    if (container.parent !== undefined) return 'first-arg-of-subcommand';
    const sub = lower.slice(bar + 1);
    if (sub === '') return 'syntax';
    if (container.subcommands.size > 0) {
      const command = container.subcommands.get(sub);
      if (command === undefined) return 'unknown';
      this.setCommand(command, true);
    } else {
      const args = this.firstArgs.get(container.id) ?? [];
      if (!args.includes(sub)) args.push(sub);
      this.firstArgs.set(container.id, args);
    }
    this.note(lower, true);
    return undefined;
  }

  private deny(name: string): RuleProblem | undefined {
    const command = this.commands.get(name.toLowerCase());
    if (command === undefined) return 'unknown';
    this.setCommand(command, false);
    this.note(command.fullName, false);
    return undefined;
  }

  private setCategory(name: string, allow: boolean): RuleProblem | undefined {
    if (!CATEGORY_NAMES.has(name)) return 'unknown';
    this.note(`@${name}`, allow);
    for (const command of this.commands.all) {
      if (categoriesOf(command.spec).includes(name)) this.setCommand(command, allow);
    }
    return undefined;
  }

  private setCommand(command: Command, allow: boolean): void {
    if (!allow) this.allCommands = false;
    this.firstArgs.delete(command.id);
    this.allowed[command.id] = allow ? 1 : 0;
    for (const sub of command.subcommands.values()) this.allowed[sub.id] = allow ? 1 : 0;
  }

  /** Keeps the words: an older one for the same thing, or for a part of it, says nothing any more. */
  private note(name: string, allow: boolean): void {
    this.words = this.words.filter((word) => {
      const known = word.slice(1);
      return known !== name && !known.startsWith(`${name}|`);
    });
    this.words.push(`${allow ? '+' : '-'}${name}`);
  }

  describeCommands(): string {
    return [this.futureCommands ? '+@all' : '-@all', ...this.words].join(' ');
  }

  describeKeys(): string {
    if (this.allKeys) return '~*';
    return this.keys
      .map(({ pattern, read, write }) => {
        const permission = read && write ? '' : read ? '%R' : '%W';
        return `${permission}~${pattern.toString('latin1')}`;
      })
      .join(' ');
  }

  describeChannels(): string {
    if (this.allChannels) return '&*';
    return this.channels.map((pattern) => `&${pattern.toString('latin1')}`).join(' ');
  }

  /** All rules, as ACL LIST shows them. */
  describe(): string {
    const parts: string[] = [];
    const keys = this.describeKeys();
    if (keys !== '') parts.push(keys);
    if (!this.allChannels) parts.push('resetchannels');
    const channels = this.describeChannels();
    if (channels !== '') parts.push(channels);
    parts.push(this.describeCommands());
    return parts.join(' ');
  }
}
