import * as z from 'zod'
import type { OptionMeta } from './fields.js'

/** What editors complete and check a file of options with: JSON Schema, draft 2020-12. */
export function jsonSchemaOf(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => complete(jsonSchema as Record<string, unknown> & OptionMeta),
  })
}

/** Turns what the options say of themselves into JSON Schema's own words. */
function complete(schema: Record<string, unknown> & OptionMeta): void {
  const { fallback, json, shapes } = schema
  for (const name of ['values', 'fallback', 'json', 'shapes']) delete schema[name]
  Object.assign(schema, json)
  if (shapes !== undefined) schema.anyOf = shapes().map(withoutDialect)
  if (fallback !== undefined && 'value' in fallback) schema.default = fallback.value
}

function withoutDialect(shape: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = jsonSchemaOf(shape)
  return rest
}
