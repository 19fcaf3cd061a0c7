/** The thread of yaml-work.ts: reads and edits YAML, which for a long file takes tens of milliseconds. */
import type { ThreadWorld } from '../runtime/index.ts';
import type { MapEdit } from './edit.ts';
import type { Raw, Reading } from './raw.ts';
import { editYaml, type YamlEdited } from './yaml-edit.ts';
import { readYaml } from './yaml-source.ts';

/** `source` names the file in places. */
export type YamlJob =
  | { readonly id: number; readonly text: string; readonly source: string }
  | { readonly id: number; readonly text: string; readonly source: string; readonly edit: MapEdit };

export type YamlDone =
  | { readonly id: number; readonly edited: YamlEdited }
  | { readonly id: number; readonly reading: Reading<Raw> };

export function run(world: ThreadWorld): void {
  world.onMessage((message) => world.post(done(message as YamlJob)));
}

function done(job: YamlJob): YamlDone {
  const { id, text, source } = job;
  if ('edit' in job) return { id, edited: editYaml(text, job.edit, source) };
  return { id, reading: readYaml(text, source) };
}
