/** The door of the console: the admin API. */
export type { ConfigDoor, ListedSettings, PatchOutcome, PatchRefusal } from './config-door.ts';
export { PATCH_TYPE } from './config-pages.ts';
export { type ReadyReport, type StatusReport, type SystemReport, statusReport } from './health.ts';
export { isLoopback } from './host-check.ts';
export { type Route, routes } from './routes.ts';
export { type ConsoleOptions, createConsole } from './server.ts';
