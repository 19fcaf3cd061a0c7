/** Conditions of policies ("Condition operators"): one row an operator. */
import { Networks, parseNetwork } from '../../../core/base/index.ts';
import { malformed } from './malformed.ts';
import { matchesPattern } from './pattern.ts';

/** Values by key in small letters; a key that is not there has no values. */
export type PolicyContext = ReadonlyMap<string, readonly string[]>;

/** The key of a copy's source, whose values are `bucket/key`. */
export const COPY_SOURCE_KEY = 's3:x-amz-copy-source';

export interface Condition {
  readonly operator: string;
  /** In small letters. */
  readonly key: string;
  readonly values: readonly string[];
  /** It holds when none of the values fits. */
  readonly negated: boolean;
  /** A key that is not there makes it hold. */
  readonly ifExists: boolean;
  readonly set: 'any' | 'all' | 'one';
}

type Test = (met: string, wanted: string) => boolean;

const operatorTable: Readonly<Record<string, Test>> = {
  stringequals: (met, wanted) => met === wanted,
  stringequalsignorecase: (met, wanted) => met.toLowerCase() === wanted.toLowerCase(),
  stringlike: (met, wanted) => matchesPattern(wanted, met),
  arnequals: (met, wanted) => matchesPattern(wanted, met),
  arnlike: (met, wanted) => matchesPattern(wanted, met),
  numericequals: (met, wanted) => Number(met) === Number(wanted),
  numericlessthan: (met, wanted) => Number(met) < Number(wanted),
  numericlessthanequals: (met, wanted) => Number(met) <= Number(wanted),
  numericgreaterthan: (met, wanted) => Number(met) > Number(wanted),
  numericgreaterthanequals: (met, wanted) => Number(met) >= Number(wanted),
  dateequals: (met, wanted) => timeOf(met) === timeOf(wanted),
  datelessthan: (met, wanted) => timeOf(met) < timeOf(wanted),
  datelessthanequals: (met, wanted) => timeOf(met) <= timeOf(wanted),
  dategreaterthan: (met, wanted) => timeOf(met) > timeOf(wanted),
  dategreaterthanequals: (met, wanted) => timeOf(met) >= timeOf(wanted),
  bool: (met, wanted) => met.toLowerCase() === wanted.toLowerCase(),
  binaryequals: (met, wanted) => met === wanted,
  ipaddress: inNetwork,
};

const negatedTable: Readonly<Record<string, string>> = {
  stringnotequals: 'stringequals',
  stringnotequalsignorecase: 'stringequalsignorecase',
  stringnotlike: 'stringlike',
  arnnotequals: 'arnequals',
  arnnotlike: 'arnlike',
  numericnotequals: 'numericequals',
  datenotequals: 'dateequals',
  notipaddress: 'ipaddress',
};

/** Maps: a policy may name whatever an object has of its own. */
const operators: ReadonlyMap<string, Test> = new Map(Object.entries(operatorTable));
const NEGATED: ReadonlyMap<string, string> = new Map(Object.entries(negatedTable));

/** The element Condition of a statement. @throws S3Error MalformedPolicy */
export function conditionsOf(element: unknown): Condition[] {
  if (element === undefined) return [];
  return Object.entries(objectOf(element)).flatMap(([name, block]) =>
    Object.entries(objectOf(block)).map(([key, values]) => conditionOf(name, key, values)),
  );
}

function conditionOf(name: string, key: string, value: unknown): Condition {
  const match = /^(?:(foranyvalue|forallvalues):)?([a-z]+?)(ifexists)?$/.exec(name.toLowerCase());
  const [, set, word = '', ifExists] = match ?? [];
  const operator = NEGATED.get(word) ?? word;
  if (match === null || (operators.get(operator) === undefined && operator !== 'null')) {
    throw malformed(`Invalid condition operator ${name}`);
  }
  const values = (Array.isArray(value) ? value : [value]).map((each) => {
    if (!['string', 'number', 'boolean'].includes(typeof each)) throw malformed();
    // A source may be written with a slash before its bucket or without.
    return key.toLowerCase() === COPY_SOURCE_KEY ? String(each).replace(/^\//, '') : String(each);
  });
  if (operator === 'ipaddress' && values.some((each) => parseNetwork(each).kind !== 'network')) {
    throw malformed(`Invalid address in the condition ${name}`);
  }
  return {
    ...{ operator, key: key.toLowerCase(), values },
    negated: NEGATED.has(word),
    ifExists: ifExists !== undefined,
    set: set === 'foranyvalue' ? 'any' : set === 'forallvalues' ? 'all' : 'one',
  };
}

export function conditionHolds(condition: Condition, context: PolicyContext): boolean {
  const { operator, key, values, negated, ifExists, set } = condition;
  const met = context.get(key);
  if (operator === 'null')
    return values.some((each) => (each.toLowerCase() === 'true') === (met === undefined));
  if (met === undefined || met.length === 0) return ifExists || negated || set === 'all';
  const test = operators.get(operator) as Test;
  const fits = (each: string): boolean => values.some((wanted) => test(each, wanted)) !== negated;
  return set === 'any' ? met.some(fits) : met.every(fits);
}

function inNetwork(met: string, wanted: string): boolean {
  const parsed = parseNetwork(wanted);
  return parsed.kind === 'network' && new Networks([parsed.network]).contains(met);
}

function timeOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
  return value as Record<string, unknown>;
}
