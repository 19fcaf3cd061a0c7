/** The S3 door: settings, what it asks of the store, and the listener of a system. */
export { type S3Settings, s3Fields, s3Group } from './config.ts';
export { S3Listener, type S3ListenerOptions } from './listener.ts';
export * from './object-store.ts';
export { judge } from './precondition.ts';
