/** The door of the console: the admin API. */
export { adminConfig } from './config.ts';
export { type ReadyReport, type StatusReport, type SystemReport, statusReport } from './health.ts';
export { type Route, routes } from './routes.ts';
export { type ConsoleOptions, createConsole } from './server.ts';
