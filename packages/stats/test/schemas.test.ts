import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { ADMIN, bearer, serveGateway } from './fixtures/gateway.js'

interface Operation {
  readonly summary: string
  readonly security?: unknown
  readonly responses: {
    readonly 200: { readonly content: Record<string, { readonly schema: object }> }
  }
}

interface Description {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly schemas: Record<string, object> }
}

async function described(t: Parameters<typeof serveGateway>[0]) {
  const { app } = await serveGateway(t)
  const description = (await app.inject('/openapi.json')).json<Description>()
  const ajv = new Ajv2020({ strict: false })
  ajv.addSchema({ $id: 'api', components: description.components })
  /** What is wrong with a body, by the description of its path. */
  const problems = (path: string, method: string, body: unknown): unknown => {
    const content = description.paths[path]?.[method]?.responses[200].content['application/json']
    assert.ok(content, `${method} ${path} is not described`)
    const schema = JSON.parse(JSON.stringify(content.schema).replaceAll('"#/', '"api#/'))
    const validate = ajv.compile(schema)
    return validate(body) ? [] : validate.errors
  }
  return { app, description, problems }
}

describe('The description of the API', () => {
  test('is true of every answer', async (t) => {
    const { app, description, problems } = await described(t)
    const params: Record<string, string> = { name: 'shop', id: 'shop-1' }
    let checked = 0
    for (const [path, operations] of Object.entries(description.paths)) {
      const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '')
      for (const [method, operation] of Object.entries(operations)) {
        if (operation.responses[200].content['application/json'] === undefined) continue
        const response = await app.inject({
          method: method.toUpperCase() as 'GET',
          url,
          headers: bearer(ADMIN),
          ...(method === 'post' && { payload: { weight: 4 } }),
        })
        assert.equal(response.statusCode, 200, `${method} ${path}`)
        assert.deepEqual(problems(path, method, response.json()), [], `${method} ${path}`)
        checked += 1
      }
    }
    assert.ok(checked >= 14)
  })

  test('would notice a field that is not described, and one that is missing', async (t) => {
    const { app, problems } = await described(t)
    const fleet = (await app.inject({ url: '/api/v1/fleet', headers: bearer(ADMIN) })).json()
    const { stale: _, ...less } = fleet
    assert.notDeepEqual(problems('/api/v1/fleet', 'get', { ...fleet, more: 1 }), [])
    assert.notDeepEqual(problems('/api/v1/fleet', 'get', less), [])
  })

  test('names every route that there is', async (t) => {
    const { app, description } = await described(t)
    const routes = app.printRoutes({ commonPrefix: false })
    for (const path of ['metrics', 'events', 'status/format/json', 'healthz', 'openapi.json']) {
      assert.ok(description.paths[`/${path}`], path)
      assert.ok(routes.includes(path), path)
    }
  })

  test('says of each what it does and whether it wants a token', async (t) => {
    const { description } = await described(t)
    for (const [path, operations] of Object.entries(description.paths)) {
      for (const [method, { summary, security }] of Object.entries(operations)) {
        assert.ok(summary.length > 5)
        const isOpen = ['/healthz', '/readyz', '/openapi.json'].includes(path)
        assert.equal(security === undefined, isOpen, `${method} ${path}`)
      }
    }
  })
})
