/** Kinds of settings with a grammar of their own. */
import { Notify } from '../notify.ts';
import { type Kind, Refusal } from './kinds.ts';

const CLASS_LETTERS = [
  ['g', Notify.generic],
  ['$', Notify.string],
  ['l', Notify.list],
  ['s', Notify.set],
  ['h', Notify.hash],
  ['z', Notify.zset],
  ['x', Notify.expired],
  ['e', Notify.evicted],
  ['t', Notify.stream],
  ['d', Notify.module],
  ['n', Notify.new],
] as const;
const OTHER_LETTERS = [
  ['K', Notify.keyspace],
  ['E', Notify.keyevent],
  ['m', Notify.keyMiss],
] as const;
/** What `A` stands for: all classes but new keys and misses. */
const ALL = CLASS_LETTERS.reduce((bits, [letter, bit]) => (letter === 'n' ? bits : bits | bit), 0);
const BIT_OF_LETTER = new Map<string, number>([...CLASS_LETTERS, ...OTHER_LETTERS, ['A', ALL]]);

/** `notify-keyspace-events`: letters of event classes. */
export const eventClasses: Kind<number> = {
  about: 'letters of event classes, for instance `KEA`',
  parse: (text) => {
    let bits = 0;
    for (const letter of text) {
      const bit = BIT_OF_LETTER.get(letter);
      if (bit === undefined) {
        return new Refusal("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
      }
      bits |= bit;
    }
    return bits;
  },
  print: (bits) => {
    const letters = (table: readonly (readonly [string, number])[]): string =>
      table.map(([letter, bit]) => ((bits & bit) === 0 ? '' : letter)).join('');
    // Redis drops the `n` of new keys where it writes `A`.
    return ((bits & ALL) === ALL ? 'A' : letters(CLASS_LETTERS)) + letters(OTHER_LETTERS);
  },
};

/** `latency-tracking-info-percentiles`: numbers from 0 to 100. */
export const percentiles: Kind<readonly number[]> = {
  about: 'numbers from 0 to 100, parted by blanks',
  parse: (text) => {
    const parts = text === '' ? [] : text.split(' ');
    const numbers = parts.map((part) => (part.trim() === part && part !== '' ? +part : Number.NaN));
    if (numbers.some(Number.isNaN)) {
      return new Refusal('Invalid latency-tracking-info-percentiles parameters');
    }
    if (numbers.some((number) => number < 0 || number > 100)) {
      return new Refusal(
        'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]',
      );
    }
    return numbers;
  },
  print: (numbers) => numbers.join(' '),
};

/** `save`: pairs of seconds and changes. */
export const savePoints: Kind<string> = {
  about: 'pairs of seconds and changes',
  parse: (text) => {
    const parts = text.split(/\s+/).filter((part) => part !== '');
    const numbers = parts.map(Number);
    const fits = numbers.every((n, i) => Number.isInteger(n) && n >= (i % 2 === 0 ? 1 : 0));
    return parts.length % 2 === 0 && fits
      ? numbers.join(' ')
      : new Refusal('Invalid save parameters');
  },
  print: (value) => value,
};

const TITLE_WORDS = [
  'title',
  'listen-addr',
  'server-mode',
  'port',
  'tls-port',
  'unixsocket',
  'config-file',
];

/** `proc-title-template`: text with names of variables in braces. */
export const titleTemplate: Kind<string> = {
  about: 'text with variables in braces',
  parse: (text) => {
    const rest = text.replace(/\{([^{}]*)\}/g, (whole, word: string) =>
      TITLE_WORDS.includes(word) ? '' : whole,
    );
    return text === '' || /[{}]/.test(rest)
      ? new Refusal('template format is invalid or contains unknown variables')
      : text;
  },
  print: (value) => value,
};

/** `cluster-announce-hostname`. */
export const hostname: Kind<string> = {
  about: 'letters, digits, hyphens and dots',
  parse: (text) =>
    /^[A-Za-z0-9.-]*$/.test(text)
      ? text
      : new Refusal('Hostnames may only contain alphanumeric characters, hyphens or dots'),
  print: (value) => value,
};
