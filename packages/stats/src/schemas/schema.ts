/** A JSON Schema, as far as this package writes one. */
export interface Schema {
  readonly [keyword: string]: unknown
}

export const text: Schema = { type: 'string' }
export const flag: Schema = { type: 'boolean' }
export const number: Schema = { type: 'number' }
export const count: Schema = { type: 'number', minimum: 0 }
export const wallMs: Schema = { type: 'number', description: 'Milliseconds since 1970.' }

export function oneOf(...values: readonly string[]): Schema {
  return { type: 'string', enum: values }
}

export function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] }
}

export function listOf(items: Schema): Schema {
  return { type: 'array', items }
}

/** An object whose names are data. */
export function mapOf(values: Schema): Schema {
  return { type: 'object', additionalProperties: values }
}

/** An object with these properties and no others; those in `optional` may be missing. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}

export function described(description: string, schema: Schema): Schema {
  return { ...schema, description }
}

export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}
