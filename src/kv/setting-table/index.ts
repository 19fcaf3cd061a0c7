/** The table of settings that CONFIG works on. */
export type { SettingRow } from './row.ts';
export { settingGroups, settingRows } from './rows.ts';
export { SettingTable } from './table.ts';
