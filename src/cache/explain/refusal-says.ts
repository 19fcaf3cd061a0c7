/** Why a response was not stored, in a sentence: what the RFC says, and what is a rule or a limit of our own. */
import { type StoringRefusal, storingRefusals } from '../policy/index.ts';

/** Beside those of the RFC, by the names that metrics have. */
export const ownRefusals = {
  failure: 'no server answered: what was sent is our own',
  partial: 'only a part of it has come',
  'set-cookie': 'it has Set-Cookie, and set_cookies of the rule is off',
  'too-large': 'its body is longer than object_max',
  'head-too-large': 'its fields are longer than may be stored',
  tags: 'it has more tags than may be stored, and a purge by one of the others would miss it',
  'no-memory': 'there was no room in memory for it',
  slice: 'parts of it came without a strong validator, or others than were asked for',
  purged: 'a purge or an unsafe request has named it since its fetch began',
} as const;

export function refusalSays(reason: string): string {
  if (Object.hasOwn(storingRefusals, reason)) {
    return `RFC 9111 ${storingRefusals[reason as StoringRefusal]}`;
  }
  if (Object.hasOwn(ownRefusals, reason)) return ownRefusals[reason as keyof typeof ownRefusals];
  return reason;
}
