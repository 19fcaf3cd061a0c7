/** The door of the keys: which requests are for the same stored response. */
export { languageNormaliser } from './accept-language.ts';
export { DEVICES, type Device, deviceOf } from './device.ts';
export { DEFAULT_KEY_RULE, type KeyRule, keyConflicts, keyFields } from './key-fields.ts';
export { KEY_BYTES_MAX, KeyMaker, linesOfKey, urlOfKey } from './key-maker.ts';
