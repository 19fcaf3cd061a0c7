/** The JSON Schema (draft 2020-12) of the configuration file, for editors. */
import { fieldsByKey } from './located.ts';
import { type AnySection, type Fields, RECORD_NAME, type Records } from './section.ts';
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
  for (const { key, field } of fieldsByKey(fields).values()) {
    if (field.is === 'group') properties[key] = mapSchema(field.about, field.fields);
    else if (field.is === 'records') properties[key] = recordsSchema(field);
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

function recordsSchema(field: Records<Fields>): JsonSchema {
  const { properties, ...rest } = mapSchema(`One ${field.one}.`, field.fields);
  const name = {
    type: 'string',
    pattern: RECORD_NAME.source,
    description: `The name of the ${field.one}, one of its own within the list.`,
  };
  const required = [...fieldsByKey(field.fields).values()].flatMap(({ key, field: each }) =>
    each.is === 'setting' && each.required && !each.fromFile ? [key] : [],
  );
  return {
    type: ['array', 'null'],
    description: sentences(field.about, field.change),
    maxItems: field.max,
    items: {
      ...rest,
      type: 'object',
      required: ['name', ...required],
      properties: { name, ...(properties as JsonSchema) },
    },
  };
}

function settingSchema(setting: Setting<unknown>): JsonSchema {
  return {
    description: sentences(setting.about, setting.change),
    ...setting.schema,
    ...(setting.default !== undefined && { default: setting.show(setting.default) }),
  };
}

function sentences(...all: readonly string[]): string {
  return all.filter((each) => each !== '').join(' ');
}
