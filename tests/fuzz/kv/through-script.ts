/** Commands that run inside of a script: how they are sent, and which command it is. */

const script = 'return redis.call(unpack(ARGV))';

/** The command, run by EVAL. */
export function throughScript(args: readonly string[]): readonly string[] {
  return ['EVAL', script, '0', ...args];
}

/** The command itself, be it sent as it is or by `throughScript`. */
export function innerCommand(args: readonly string[]): readonly string[] {
  return args[0]?.toUpperCase() === 'EVAL' && args[1] === script ? args.slice(3) : args;
}
