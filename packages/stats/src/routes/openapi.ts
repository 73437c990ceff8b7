import { components } from '../schemas/components.js'
import { mapOf, ref } from '../schemas/schema.js'
import { type Endpoint, json } from './endpoint.js'

/** The description of all endpoints, and of itself. */
export function openapiEndpoint(endpoints: readonly Endpoint[]): Endpoint {
  const self: Endpoint = {
    method: 'GET',
    url: '/openapi.json',
    summary: 'This description',
    scope: 'none',
    answer: json(mapOf({})),
    handler: async () => document,
  }
  const document = describe([...endpoints, self])
  return self
}

function describe(endpoints: readonly Endpoint[]): object {
  const paths = new Map<string, Record<string, object>>()
  for (const endpoint of endpoints) {
    const path = endpoint.url.replace(/:(\w+)/g, '{$1}')
    const operations = paths.get(path) ?? {}
    operations[endpoint.method.toLowerCase()] = operation(endpoint)
    paths.set(path, operations)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Holdfast statistics', version: '1' },
    paths: Object.fromEntries(paths),
    components: {
      schemas: components,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
  }
}

function operation({ summary, scope, parameters = [], body, answer }: Endpoint): object {
  const content = (type: string, schema: object): object => ({ content: { [type]: { schema } } })
  return {
    summary,
    ...(scope !== 'none' && { security: [{ bearer: [scope] }] }),
    parameters: parameters.map((parameter) => ({
      ...parameter,
      required: parameter.in === 'path',
    })),
    ...(body && { requestBody: { required: true, ...content('application/json', body) } }),
    responses: {
      200: { description: 'Done', ...content(answer.type, answer.schema) },
      default: { description: 'Refused', ...content('application/json', ref('Error')) },
    },
  }
}
