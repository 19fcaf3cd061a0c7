/**
 * The file of users: one line a user, `user <name> <rules>`, in the form of ACL LIST
 * (https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/). A file with any
 * mistake is refused as a whole.
 */
import { mergeSelectors } from './merge.ts';
import { problemText } from './rule-error.ts';
import { User, type UserContext } from './user.ts';
import { hasSpaces, splitRules } from './words.ts';

/** Where the file is kept; bound to the disk of the runtime by the system. */
export interface AclStore {
  readonly path: string;
  /** Null when there is no file. */
  read(): Buffer | null;
  /** Whole or not at all. @throws the disk's error. */
  write(bytes: Buffer): void;
}

/** The file of users can not be used; the message says where and why. */
export class AclFileError extends Error {
  override readonly name = 'AclFileError';
  readonly code = 'acl-file-invalid';

  constructor(path: string, problem: string) {
    super(`the file of users ${path} can not be used: ${problem}`);
  }
}

/** The users of a file, or what is wrong with it. */
export function parseUsers(
  text: string,
  path: string,
  context: UserContext,
): Map<string, User> | string {
  const users = new Map<string, User>();
  let problems = '';
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const problem = parseLine(line, users, context);
    if (problem !== undefined) problems += `${path}:${index + 1}: ${problem}. `;
  });
  if (problems === '') return users;
  return `${problems}WARNING: ACL errors detected, no change to the previously active ACL rules was performed`;
}

function parseLine(
  line: string,
  users: Map<string, User>,
  context: UserContext,
): string | undefined {
  const words = splitRules(line);
  if (words === undefined) return 'unbalanced quotes in acl line';
  const [keyword, name, ...rules] = words;
  if (keyword !== 'user' || name === undefined) {
    return 'line should start with user keyword followed by the username and the rules';
  }
  if (hasSpaces(name)) return `username '${name}' contains invalid characters`;
  if (users.has(name)) {
    return `WARNING: duplicated user '${name}'. A user can only be defined once in config files`;
  }
  const merged = mergeSelectors(rules);
  if (typeof merged === 'number') {
    return `Unmatched parenthesis in selector definition starting at '${rules[merged]}'`;
  }
  const user = new User(name, context);
  for (const rule of merged) {
    const problem = user.apply(rule);
    if (problem !== undefined) return problemText(problem);
  }
  users.set(name, user);
  return undefined;
}

/** The file of these users. */
export function formatUsers(users: Iterable<User>): Buffer {
  let text = '';
  for (const user of users) text += `user ${user.name} ${user.describe()}\n`;
  return Buffer.from(text, 'latin1');
}
