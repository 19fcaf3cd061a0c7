/** The door of core/config: the schema language, the loader, the whole-or-nothing apply. */
export {
  type Applied,
  applyConfig,
  type Prepared,
  type Reloadable,
} from './apply.ts';
export { type ConfigFile, type ConfigSource, type FileReading, loadFrom } from './config-source.ts';
export type { Difference } from './differences.ts';
export { type ConfigDocument, configDocument } from './document.ts';
export type { Sources } from './gather.ts';
export { jsonSchema } from './json-schema.ts';
export {
  address,
  choice,
  decimal,
  duration,
  flag,
  integer,
  list,
  path,
  port,
  secret,
  size,
  text,
} from './kinds.ts';
export { type Config, defaultsOf, type Loaded, loadConfig, recordDefaults } from './load.ts';
export { fieldsByKey, type Located, namesIn, settingsOf } from './located.ts';
export { type PatchedFile, patchFile } from './patch-file.ts';
export { didYouMean, type Place, type Problem, placeText, problemText } from './problem.ts';
export { exampleYaml, referenceMarkdown } from './reference.ts';
export { SECRET_SHOWN, Secret } from './secret.ts';
export {
  type AnySection,
  type Conflict,
  type Field,
  type Fields,
  type Group,
  group,
  type RecordOf,
  type Records,
  type RecordsOptions,
  records,
  type Section,
  section,
  type ValuesOf,
} from './section.ts';
export { type JsonSchema, required, type Setting } from './setting.ts';
export { type ShownSetting, shownSettings } from './show.ts';
export { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';
export { YamlWork } from './yaml-work.ts';
