/** Users and what they may do. */
export { Acl, type CheckContext, denialText } from './acl.ts';
export { aclFileOn } from './disk-store.ts';
export { AclFileError, type AclStore } from './file.ts';
export type { AclLogEntry } from './log.ts';
export { denial, readsAllKeys } from './permission.ts';
export type { Selector } from './selector.ts';
export { User } from './user.ts';
