/** The JSON Schema (draft 2020-12) of the configuration file, for editors. */
import { type AnySection, type Fields, keyOf } from './section.ts';
import type { JsonSchema, Setting } from './setting.ts';

/** The schema of a file with these sections. */
export function jsonSchema(sections: readonly AnySection[]): JsonSchema {
  const properties = sections.map((each) => [each.name, mapSchema(each.about, each.fields)]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'plinth.yaml',
    type: ['object', 'null'],
    additionalProperties: false,
    properties: Object.fromEntries(properties),
  };
}

function mapSchema(about: string, fields: Fields): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const eitherOr: JsonSchema[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const key = keyOf(name, field);
    if (field.is === 'group') properties[key] = mapSchema(field.about, field.fields);
    else {
      properties[key] = settingSchema(field);
      if (!field.fromFile) continue;
      properties[`${key}_file`] = {
        type: 'string',
        description: `A file that holds ${key}, read at start.`,
      };
      eitherOr.push({ not: { required: [key, `${key}_file`] } });
    }
  }
  return {
    type: ['object', 'null'],
    description: about,
    additionalProperties: false,
    properties,
    ...(eitherOr.length > 0 && { allOf: eitherOr }),
  };
}

function settingSchema(setting: Setting<unknown>): JsonSchema {
  return {
    description: [setting.about, setting.change].filter((each) => each !== '').join(' '),
    ...setting.schema,
    ...(setting.default !== undefined && { default: setting.show(setting.default) }),
  };
}
