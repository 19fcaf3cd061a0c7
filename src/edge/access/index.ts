/** Access to content: signed addresses and cookies, places, other origins, hotlinks. */
export { Access } from './access.ts';
export { type AccessRuleSettings, accessConflicts, accessRules } from './access-fields.ts';
export { accessMetrics, type ObservedAccess } from './access-metrics.ts';
export { type AccessRefusal, refusalTable } from './reasons.ts';
export { type SignOptions, signCookie, signUrl } from './sign.ts';
