import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { guardCases, mustCases, probe, sendCompliant, sendSevere } from '#fixtures/conformance.js'
import { type FaultServer, startFaultServer } from '#fixtures/fault-server.js'
import { startGateway, type TestGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'

failOnLeaks()

async function startBoth(t: TestContext): Promise<{ gateway: TestGateway; server: FaultServer }> {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    plugin: { bodyLimit: 10_000_000 },
  })
  return { gateway, server }
}

const must = mustCases()

test('what HTTP/1.1 says MUST holds in every case', { skip: must.skip }, async (t) => {
  const { gateway, server } = await startBoth(t)
  const failures: string[] = []
  for (const one of must.cases) {
    const failure = await probe(one, gateway.address, server)
    if (failure !== undefined) failures.push(failure)
  }
  assert.ok(must.cases.length > 40)
  assert.deepEqual(failures, [])
})

const severe = guardCases('Severe')

test('what could desynchronise is 400 and closed', { skip: severe.skip }, async (t) => {
  const { gateway, server } = await startBoth(t)
  for (const one of severe.cases) {
    const seen = await sendSevere(one, gateway.address)
    assert.deepEqual(seen, { statuses: [400], closed: true }, JSON.stringify(one))
  }
  assert.ok(severe.cases.length > 50)
  assert.equal(server.requests.length, 0)
})

const compliant = guardCases('Compliant')

test('what complies is served', { skip: compliant.skip }, async (t) => {
  const { gateway } = await startBoth(t)
  for (const one of compliant.cases) {
    const { statuses, expected, text } = await sendCompliant(one, gateway.address)
    assert.deepEqual(statuses, [expected], text)
  }
  assert.ok(compliant.cases.length > 20)
})
