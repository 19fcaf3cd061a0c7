/** Why an ACL rule is refused; the texts are Redis', since operators search for them. */
export type RuleProblem =
  | 'unknown'
  | 'syntax'
  | 'pattern-after-all-keys'
  | 'pattern-after-all-channels'
  | 'no-such-password'
  | 'bad-hash'
  | 'first-arg-of-subcommand';

const TEXTS: Readonly<Record<RuleProblem, string>> = {
  unknown: 'Unknown command or category name in ACL',
  syntax: 'Syntax error',
  'pattern-after-all-keys':
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns",
  'pattern-after-all-channels':
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels",
  'no-such-password': 'The password you are trying to remove from the user does not exist',
  'bad-hash':
    'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters',
  'first-arg-of-subcommand': 'Allowing first-arg of a subcommand is not supported',
};

export function problemText(problem: RuleProblem): string {
  return TEXTS[problem];
}
