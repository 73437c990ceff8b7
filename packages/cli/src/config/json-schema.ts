import { jsonSchemaOf, upstreamSchema } from '@holdfast/core/options'
import { gatewaySchema } from './schema.js'

type JsonSchema = Record<string, unknown>

/** The JSON Schema of gateway files, for editors. */
export function gatewayJsonSchema(): JsonSchema {
  const schema = jsonSchemaOf(gatewaySchema)
  const upstream = jsonSchemaOf(upstreamSchema)
  const { name: _, ...properties } = upstream.properties as JsonSchema
  const required = (upstream.required as readonly string[]).filter((one) => one !== 'name')
  const all = schema.properties as Record<string, JsonSchema>
  return {
    ...schema,
    title: 'Holdfast gateway file',
    properties: {
      ...all,
      upstreams: {
        ...all.upstreams,
        type: 'object',
        additionalProperties: { type: 'object', properties, required, additionalProperties: false },
      },
    },
  }
}
