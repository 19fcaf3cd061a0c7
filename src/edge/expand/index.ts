/** The door of expansion: sites and PoPs made into settings of the balancer. */
export { type Expanded, expandEdge } from './expand.ts';
export type { CertificateFiles } from './listeners.ts';
export { nameClashes } from './name-clashes.ts';
export { HOP_FIELD, HTTP_LISTENER, HTTPS_LISTENER, POPS_POOL } from './names.ts';
export { loopId } from './routes.ts';
