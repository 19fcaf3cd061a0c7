/**
 * Access control lists: canned ones, grants in fields and in XML, and what they allow ("Access control list (ACL)
 * overview"). Kept as JSON; without one the owner alone has FULL_CONTROL.
 */

import type { User, Users } from '../auth/users.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { Headers } from '../request.ts';
import { ANONYMOUS_ID } from '../service.ts';
import { childOf, childrenOf, neededText, readXml, textIn } from '../xml/reader.ts';
import { leaf, markup, node, type Xml, xmlDocument } from '../xml/writer.ts';

export const PERMISSIONS = ['FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP'] as const;
export type Permission = (typeof PERMISSIONS)[number];

const GROUPS = {
  all: 'http://acs.amazonaws.com/groups/global/AllUsers',
  authenticated: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers',
  log: 'http://acs.amazonaws.com/groups/s3/LogDelivery',
} as const;

export interface Grant {
  /** A user's id, or the URI of a group. */
  readonly to: string;
  readonly permission: Permission;
}

export interface Acl {
  readonly owner: string;
  readonly grants: readonly Grant[];
}

export function privateAcl(owner: string): Acl {
  return { owner, grants: [{ to: owner, permission: 'FULL_CONTROL' }] };
}

export function aclText(acl: Acl): string {
  return JSON.stringify(acl);
}

export function aclOfText(text: string | undefined, owner: string): Acl {
  return text === undefined ? privateAcl(owner) : (JSON.parse(text) as Acl);
}

export function aclAllows({ grants }: Acl, user: User | null, wanted: Permission): boolean {
  return grants.some(
    ({ to, permission }) =>
      (permission === wanted || permission === 'FULL_CONTROL') &&
      (to === GROUPS.all || (user !== null && (to === user.id || to === GROUPS.authenticated))),
  );
}

/** Whether it gives anything to everybody. */
export function isPublicAcl({ grants }: Acl): boolean {
  return grants.some(({ to }) => to === GROUPS.all || to === GROUPS.authenticated);
}

/** Whether a PUT brings an ACL in its head. */
export function bringsAcl(headers: Headers): boolean {
  return headers.has('x-amz-acl') || GRANT_FIELDS.some(([name]) => headers.has(name));
}

const GRANT_FIELDS: readonly (readonly [string, Permission])[] = [
  ['x-amz-grant-full-control', 'FULL_CONTROL'],
  ['x-amz-grant-read', 'READ'],
  ['x-amz-grant-write', 'WRITE'],
  ['x-amz-grant-read-acp', 'READ_ACP'],
  ['x-amz-grant-write-acp', 'WRITE_ACP'],
];

/** The ACL that the head of a write brings, undefined: none. @throws S3Error */
export function aclOfHeaders(
  headers: Headers,
  { owner, bucketOwner, users }: { owner: string; bucketOwner: string; users: Users },
): Acl | undefined {
  const canned = headers.get('x-amz-acl');
  const fields = GRANT_FIELDS.filter(([name]) => headers.has(name));
  if (canned !== undefined && fields.length > 0) {
    throw new S3Error(
      'InvalidRequest',
      'Specifying both Canned ACLs and Header Grants is not allowed',
    );
  }
  if (canned !== undefined) return { owner, grants: cannedGrants(canned, owner, bucketOwner) };
  if (fields.length === 0) return undefined;
  const grants = fields.flatMap(([name, permission]) =>
    (headers.get(name) ?? '').split(',').map((part) => ({
      to: granteeOfField(name, part.trim(), users),
      permission,
    })),
  );
  return { owner, grants };
}

function cannedGrants(canned: string, owner: string, bucketOwner: string): Grant[] {
  const mine: Grant = { to: owner, permission: 'FULL_CONTROL' };
  switch (canned) {
    // There is no EC2 here that the second would give anything.
    case 'private':
    case 'aws-exec-read':
      return [mine];
    case 'public-read':
      return [mine, { to: GROUPS.all, permission: 'READ' }];
    case 'public-read-write':
      return [
        mine,
        { to: GROUPS.all, permission: 'READ' },
        { to: GROUPS.all, permission: 'WRITE' },
      ];
    case 'authenticated-read':
      return [mine, { to: GROUPS.authenticated, permission: 'READ' }];
    case 'bucket-owner-read':
      return owner === bucketOwner ? [mine] : [mine, { to: bucketOwner, permission: 'READ' }];
    case 'bucket-owner-full-control':
      return owner === bucketOwner
        ? [mine]
        : [mine, { to: bucketOwner, permission: 'FULL_CONTROL' }];
    case 'log-delivery-write':
      return [
        mine,
        { to: GROUPS.log, permission: 'WRITE' },
        { to: GROUPS.log, permission: 'READ_ACP' },
      ];
    default:
      throw invalidArgument('x-amz-acl', canned);
  }
}

function granteeOfField(name: string, part: string, users: Users): string {
  const match = /^(id|uri|emailAddress)\s*=\s*"?([^"]*)"?$/.exec(part);
  if (match === null) throw invalidArgument(name, part, 'Argument format not recognized');
  const [, kind = '', value = ''] = match;
  return granteeOf(kind, value, users);
}

function granteeOf(kind: string, value: string, users: Users): string {
  if (kind === 'emailAddress') {
    const user = users.userOfEmail(value);
    if (user === undefined) throw new S3Error('UnresolvableGrantByEmailAddress');
    return user.id;
  }
  if (kind === 'uri') {
    if ((Object.values(GROUPS) as string[]).includes(value)) return value;
    throw invalidArgument('uri', value, 'Invalid group uri');
  }
  if (users.user(value) === undefined && value !== ANONYMOUS_ID) {
    throw invalidArgument('CanonicalUser/ID', value, 'Invalid id');
  }
  return value;
}

/** An AccessControlPolicy, whose owner must be the one there is. @throws S3Error MalformedACLError, AccessDenied */
export function aclOfXml(bytes: Buffer, owner: string, users: Users): Acl {
  let root: ReturnType<typeof readXml>;
  try {
    root = readXml(bytes, 'AccessControlPolicy');
  } catch {
    throw new S3Error('MalformedACLError');
  }
  const list = childOf(root, 'AccessControlList');
  const said = childOf(root, 'Owner');
  if (list === undefined || said === undefined) throw new S3Error('MalformedACLError');
  const id = textIn(said, 'ID');
  if (id !== undefined && id !== '' && id !== owner) throw new S3Error('AccessDenied');
  const rows = childrenOf(list, 'Grant');
  if (rows.length > LIMITS.grants) throw new S3Error('MalformedACLError');
  const grants = rows.map((row): Grant => {
    const permission = PERMISSIONS.find((each) => each === textIn(row, 'Permission'));
    const grantee = childOf(row, 'Grantee');
    if (permission === undefined || grantee === undefined) throw new S3Error('MalformedACLError');
    const type = grantee.attributes['xsi:type'] ?? (childOf(grantee, 'URI') ? 'Group' : '');
    if (type === 'Group')
      return { to: granteeOf('uri', neededText(grantee, 'URI'), users), permission };
    if (type === 'AmazonCustomerByEmail') {
      const email = neededText(grantee, 'EmailAddress');
      return { to: granteeOf('emailAddress', email, users), permission };
    }
    return { to: granteeOf('id', neededText(grantee, 'ID'), users), permission };
  });
  return { owner, grants };
}

export function aclXml({ owner, grants }: Acl, users: Users): string {
  const rows = grants.map(({ to, permission }) =>
    node('Grant', granteeXml(to, users), leaf('Permission', permission)),
  );
  return xmlDocument(
    'AccessControlPolicy',
    ownerXml('Owner', owner, users),
    node('AccessControlList', rows),
  );
}

/** `<Owner><ID/><DisplayName/></Owner>` */
export function ownerXml(element: string, id: string, users: Users): Xml {
  return node(element, leaf('ID', id), leaf('DisplayName', users.user(id)?.displayName ?? id));
}

function granteeXml(to: string, users: Users): Xml {
  const isGroup = to.startsWith('http:');
  const content = isGroup
    ? leaf('URI', to)
    : leaf('ID', to) + leaf('DisplayName', users.user(to)?.displayName ?? to);
  const type = isGroup ? 'Group' : 'CanonicalUser';
  return markup(
    `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${type}">${content}</Grantee>`,
  );
}
