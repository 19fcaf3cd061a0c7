/** Commands made wrong: the servers' way with bad arguments is compared too. */
import type { Chance } from './random.ts';
import { oddFloats, oddNumbers, values } from './slots.ts';

/** Commands with a time among their arguments, and what would be over while the round runs. */
const timed = /^(?:P?EXPIRE|P?SETEX|SET|GETEX|RESTORE|EVAL|XCLAIM|XAUTOCLAIM|XPENDING)$/;
const soon = /^[1-9][0-9]{0,4}$/;

/** Now and then the command is made wrong, or written in another case. */
export function spoil(args: readonly string[], chance: Chance): readonly string[] {
  // Ranges by text are defined only where all scores are equal.
  if (args[0] === 'ZADD' && args[1]?.startsWith('lex')) return args;
  const draw = chance.unit();
  const at = chance.between(1, Math.max(1, args.length - 1));
  const odd = () => {
    const value = chance.pick(chance.pick([values, oddNumbers, oddFloats]));
    return timed.test(args[0] ?? '') && soon.test(value) ? '0' : value;
  };
  if (draw < 0.01) return args.length > 1 ? args.slice(0, -1) : args;
  if (draw < 0.02) return [...args, odd()];
  if (draw < 0.03) return args.map((arg, index) => (index === at ? odd() : arg));
  if (draw < 0.08) return args.map((arg, index) => (index === 0 ? arg.toLowerCase() : arg));
  if (draw < 0.11) return args.map((arg) => (/^[A-Z]{2,}$/.test(arg) ? arg.toLowerCase() : arg));
  return args;
}
