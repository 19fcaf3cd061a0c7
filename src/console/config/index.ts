/** The door of the settings: what a process knows of a system that it does not run. */
export { ADMIN_TOKEN_FILE, adminConfig } from './config.ts';
