/**
 * Bucket policies ("Bucket policies and user policies"): JSON, judged statement by statement. A statement applies
 * when principal, action, resource and every condition fit; one that denies wins over all that allow.
 */
import type { User, Users } from '../auth/users.ts';
import { LIMITS } from '../limits.ts';
import type { Bucket } from '../object-store.ts';
import { onceEach } from '../once-each.ts';
import { targetsOfAction } from './actions.ts';
import { type Condition, conditionHolds, conditionsOf, type PolicyContext } from './conditions.ts';
import { malformed } from './malformed.ts';
import { matchesPattern } from './pattern.ts';

export interface Statement {
  readonly allows: boolean;
  /** Null: everybody. */
  readonly principals: readonly string[] | null;
  readonly notPrincipals: boolean;
  readonly actions: readonly string[];
  readonly notActions: boolean;
  readonly resources: readonly string[];
  readonly notResources: boolean;
  readonly conditions: readonly Condition[];
}

export interface Policy {
  readonly statements: readonly Statement[];
}

export interface Asked {
  readonly user: User | null;
  readonly action: string;
  readonly resource: string;
  readonly context: PolicyContext;
}

/** The policy of a bucket, read once for each of its texts. */
export function policyOf({ documents }: Bucket): Policy | undefined {
  const text = documents.policy;
  if (text === undefined) return undefined;
  // What is kept was found right for its bucket.
  return readPolicy(text);
}

const readPolicy = onceEach((text) => parsePolicy(text, null));

export function judgePolicy({ statements }: Policy, asked: Asked): 'allow' | 'deny' | 'neither' {
  let verdict: 'allow' | 'neither' = 'neither';
  for (const statement of statements) {
    if (!applies(statement, asked)) continue;
    if (!statement.allows) return 'deny';
    verdict = 'allow';
  }
  return verdict;
}

function applies(statement: Statement, { user, action, resource, context }: Asked): boolean {
  const { principals, notPrincipals, actions, notActions, resources, notResources } = statement;
  const named = principals === null || principals.some((each) => isPrincipal(each, user));
  return (
    named !== notPrincipals &&
    actions.some((each) => matchesPattern(each.toLowerCase(), action.toLowerCase())) !==
      notActions &&
    resources.some((each) => matchesPattern(each, resource)) !== notResources &&
    statement.conditions.every((condition) => conditionHolds(condition, context))
  );
}

/** A principal is `*`, a user's id, or an ARN that ends in it: `arn:aws:iam::…:user/ann`. */
function isPrincipal(principal: string, user: User | null): boolean {
  if (principal === '*') return true;
  if (user === null) return false;
  return (
    principal === user.id ||
    (/^arn:aws:(iam|sts)::/.test(principal) &&
      (principal.endsWith(`:user/${user.id}`) || principal.endsWith(`/${user.id}`))) ||
    principal === `arn:aws:iam::${user.id}:root`
  );
}

/**
 * Whoever is named by an id alone must be known; an account's number and an ARN may be of elsewhere.
 * @throws S3Error MalformedPolicy
 */
export function checkPrincipals({ statements }: Policy, users: Users): void {
  for (const each of statements.flatMap(({ principals }) => principals ?? [])) {
    const isElsewhere = each === '*' || /^\d{12}$/.test(each) || each.startsWith('arn:aws:');
    if (!isElsewhere && users.user(each) === undefined) {
      throw malformed('Invalid principal in policy');
    }
  }
}

/** Whether it allows something to everybody without a condition that tells who they are. */
export function isPublicPolicy({ statements }: Policy): boolean {
  return statements.some(
    ({ allows, principals, notPrincipals, conditions }) =>
      allows &&
      (notPrincipals || principals === null || principals.includes('*')) &&
      !conditions.some(({ key, negated }) => NARROWING.has(key) && !negated),
  );
}

/** Keys whose conditions make a policy non-public ("The meaning of public"). */
const NARROWING: ReadonlySet<string> = new Set([
  'aws:sourceip',
  'aws:sourcearn',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:sourceowner',
  'aws:sourceaccount',
  'aws:userid',
  'aws:username',
  'aws:principalarn',
  'aws:principalorgid',
]);

/** `bucket`: what the resources must be of; null: nobody asks. @throws S3Error MalformedPolicy */
export function parsePolicy(text: string, bucket: string | null): Policy {
  if (Buffer.byteLength(text) > LIMITS.policyBytes) {
    throw malformed('The policy is larger than a policy may be.');
  }
  if (!text.startsWith('{')) throw malformed();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw malformed('This policy contains invalid Json');
  }
  const { Version, Statement: rows, Id: _id, ...others } = objectOf(json);
  if (Object.keys(others).length > 0) throw malformed('Unknown field in the policy.');
  if (Version !== undefined && Version !== '2012-10-17' && Version !== '2008-10-17') {
    throw malformed('Policy document must be version 2012-10-17 or greater.');
  }
  if (rows === undefined) throw malformed('Missing required field Statement');
  const list = Array.isArray(rows) ? rows : [rows];
  if (list.length === 0) throw malformed('Missing required field Statement');
  return { statements: list.map((row) => statementOf(objectOf(row), bucket)) };
}

const FIELDS = new Set([
  ...['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction'],
  ...['Resource', 'NotResource', 'Condition'],
]);

function statementOf(row: Record<string, unknown>, bucket: string | null): Statement {
  for (const name of Object.keys(row)) {
    if (!FIELDS.has(name)) throw malformed(`Unknown field ${name}`);
  }
  const { Effect } = row;
  if (Effect !== 'Allow' && Effect !== 'Deny') throw malformed('Invalid effect');
  const either = (name: string): { values: unknown; negated: boolean } => {
    const plain = row[name];
    const negated = row[`Not${name}`];
    if ((plain === undefined) === (negated === undefined)) {
      throw malformed(`Missing required field ${name}`);
    }
    return { values: plain ?? negated, negated: negated !== undefined };
  };
  const principal = either('Principal');
  if (principal.negated && Effect === 'Allow') {
    // It would allow all but a few, and nobody means that ("NotPrincipal").
    throw malformed('Allow with NotPrincipal is not allowed.');
  }
  const action = either('Action');
  const resource = either('Resource');
  const resources = textsOf(resource.values);
  if (bucket !== null) checkResources(resources, bucket);
  const actions = textsOf(action.values);
  // What is kept was judged when it came, by what was known then.
  if (bucket !== null) checkActions(actions, resource.negated ? [] : resources);
  return {
    allows: Effect === 'Allow',
    principals: principalsOf(principal.values),
    notPrincipals: principal.negated,
    actions,
    notActions: action.negated,
    resources,
    notResources: resource.negated,
    conditions: conditionsOf(row.Condition),
  };
}

function principalsOf(value: unknown): readonly string[] | null {
  if (value === '*') return null;
  const kinds = Object.entries(objectOf(value));
  if (kinds.length === 0) throw malformed('Invalid principal in policy');
  return kinds.flatMap(([kind, each]) => {
    if (kind !== 'AWS' && kind !== 'CanonicalUser') throw malformed('Invalid principal in policy');
    return textsOf(each);
  });
}

function textsOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0 || list.some((each) => typeof each !== 'string')) throw malformed();
  return list as string[];
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
  return value as Record<string, unknown>;
}

/** A policy speaks of its own bucket and of what is in it; a pattern may stand for others too, which it does not reach. */
function checkResources(resources: readonly string[], bucket: string): void {
  const here = `arn:aws:s3:::${bucket}`;
  for (const each of resources) {
    const [name = ''] = each.split('/', 1);
    const isHere = each.startsWith('arn:aws:s3:::') && matchesPattern(name, here);
    if (!isHere) throw malformed('Policy has invalid resource');
  }
}

/** Each action is one, and has a resource that it can be done to; none are named when all but some are meant. */
function checkActions(actions: readonly string[], resources: readonly string[]): void {
  for (const each of actions) {
    const targets = targetsOfAction(each);
    if (targets.size === 0) throw malformed('Policy has invalid action');
    const useful =
      resources.length === 0 ||
      (targets.has('object') && resources.some((one) => /[/*]/.test(one))) ||
      (targets.has('bucket') &&
        resources.some((one) => !one.includes('/') || /^[^/]*\*/.test(one)));
    if (!useful) throw malformed('Action does not apply to any resource(s) in statement');
  }
}
