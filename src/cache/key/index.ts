/** The door of the keys: which requests are for the same stored response. */
export type { Device } from './device.ts';
export { DEFAULT_KEY_RULE, type KeyRule } from './key-fields.ts';
export { KEY_BYTES_MAX, KeyMaker, linesOfKey, urlOfKey } from './key-maker.ts';
