import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { ReplicaSnapshot } from '@holdfast/core'
import { type Demo, startDemo } from '@holdfast/examples/demo/demo.js'
import { type StatsOptions, stats } from '@holdfast/stats'
import Fastify from 'fastify'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { violations } from '#fixtures/axe.js'
import { browserMissing, complaintsOf, startBrowser } from '#fixtures/browser.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { TellingReplica } from '#fixtures/replica-snapshot.js'
import { until } from '#fixtures/until.js'

const inBrowser = { skip: browserMissing ?? false }
const TOKEN = 'token-of-the-operators'
const DESK: BrowserContextOptions = { viewport: { width: 1280, height: 900 } }

// One for the file, as starting one takes as long as a test.
let browser: Browser | undefined
before(async () => {
  if (browserMissing === undefined) browser = await startBrowser()
})
after(() => browser?.close())
failOnLeaks()

async function open(t: TestContext, url: string, options: BrowserContextOptions = DESK) {
  const context = await browser?.newContext(options)
  assert.ok(context)
  t.after(() => context.close())
  const page = await context.newPage()
  const complaints = complaintsOf(page)
  await page.goto(url)
  return { page, complaints }
}

/** Visitors of the demo's shop, each with a cookie of its own, until the test ends. */
function keepVisiting(t: TestContext, demo: Demo, visitors = 12): void {
  let isOver = false
  const visit = async (): Promise<void> => {
    let cookie = ''
    while (!isOver) {
      const response = await fetch(`${demo.gateway}/shop/`, { headers: { cookie } })
      cookie =
        response.headers
          .getSetCookie()
          .map((line) => line.split(';')[0])
          .join('; ') || cookie
      await response.arrayBuffer()
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
  }
  const all = Promise.allSettled(Array.from({ length: visitors }, visit))
  t.after(async () => {
    isOver = true
    await all
  })
}

const rowOf = (page: Page, server: string) => page.getByRole('row', { name: server })

test(
  'over a live demo: a killed server is seen within 2 s, drained by clicking, and comes back',
  inBrowser,
  async (t) => {
    const demo = await startDemo({ port: 0, statsPort: 0, shopPort: 0 })
    t.after(() => demo.close())
    keepVisiting(t, demo)
    const { page, complaints } = await open(t, demo.dashboard)
    const says = async (text: RegExp) =>
      text.test((await page.locator('#headline').textContent()) ?? '')
    await until('all well', () => says(/All 3 servers up/), { deadlineMs: 5_000 })
    assert.equal(new URL(page.url()).hash, '#/', 'the token does not stay in the address')

    const from = performance.now()
    await demo.shops[2]?.stop()
    await until('ejected', async () =>
      (await rowOf(page, 'shop-3').textContent())?.includes('ejected'),
    )
    assert.ok(performance.now() - from < 2_000)
    assert.ok(await says(/shop-3 (ejected|waits)/))
    assert.deepEqual(await violations(page), [])
    await demo.shops[2]?.start()

    await page.getByRole('button', { name: 'Drain shop-2 …' }).click()
    const dialog = page.getByRole('dialog', { name: 'shop-2' })
    assert.match(
      (await dialog.textContent()) ?? '',
      /sessions? stay until they end; new ones go to shop-1/,
    )
    assert.deepEqual(await violations(page), [])
    await dialog.getByLabel('Your name').fill('ada')
    await dialog.getByRole('button', { name: 'Drain shop-2' }).click()
    await until('drained', async () =>
      (await rowOf(page, 'shop-2').textContent())?.includes('drain'),
    )
    await until('in the timeline', async () =>
      /shop-2 drained by ada@127\.0\.0\.1/.test(
        (await page.getByLabel('Events').textContent()) ?? '',
      ),
    )

    await page.getByRole('link', { name: 'shop-2' }).first().click()
    await until('a no', async () =>
      /Not yet/.test((await page.locator('.answer').textContent()) ?? ''),
    )
    assert.deepEqual(await violations(page), [])
    await page.getByRole('button', { name: 'Drain or change …' }).click()
    assert.ok(await page.getByLabel('As configured').isChecked())
    await page.getByRole('button', { name: 'Give back shop-2' }).click()
    await page.getByRole('link', { name: '← all servers' }).click()
    await until('up', async () => (await rowOf(page, 'shop-2').textContent())?.includes('up'))

    // Nobody is bound to it any more: it comes back with the first new session that it is given.
    await until(
      'back',
      async () => {
        await (await fetch(`${demo.gateway}/shop/`)).arrayBuffer()
        return (await rowOf(page, 'shop-3').textContent())?.includes('up')
      },
      { deadlineMs: 12_000, everyMs: 100 },
    )
    assert.deepEqual(complaints, [])
  },
)

/** Statistics without a gateway, so that a test can show any state. */
async function serve(
  t: TestContext,
  snapshots: () => readonly ReplicaSnapshot[],
  options: Partial<StatsOptions> & { readonly prefix?: string } = {},
): Promise<string> {
  const app = Fastify({ forceCloseConnections: true })
  t.after(() => app.close())
  await app.register(stats, { source: snapshots, interval: '100ms', ...options })
  return `${await app.listen({ port: 0, host: '127.0.0.1' })}${options.prefix ?? ''}/`
}

const telling = new TellingReplica()
const aReplica: TellingReplica['tell'] = (servers, given) => telling.tell(servers, given)

const STATES = [
  { id: 'one' },
  { id: 'two', state: 'drain', override: { mode: 'drain' } },
  { id: 'three', state: 'ejected', ejectedUntil: Date.now() + 9_000 },
  { id: 'four', state: 'probing' },
  { id: 'five', state: 'down' },
  { id: 'six', backup: true },
] as const

for (const colorScheme of ['light', 'dark'] as const) {
  test(
    `axe finds nothing, ${colorScheme}, wide and on a phone, in every state of servers and with alarms`,
    inBrowser,
    async (t) => {
      const other = { replica: 'gateway-2', package: '0.2.0', keyIds: [8], store: 'down' } as const
      const url = await serve(t, () => [aReplica(STATES), aReplica(STATES, other)], {
        prefix: '/ops/stats',
      })
      const { page, complaints } = await open(t, url, { colorScheme, reducedMotion: 'reduce' })
      await page.getByRole('link', { name: 'six' }).waitFor()
      const text = (await page.locator('tbody').textContent()) ?? ''
      for (const word of ['●up', '◐drain', '✖ejected', '◔probing', '■down', '○backup']) {
        assert.ok(text.includes(word), word)
      }
      for (const summary of await page.locator('summary').all()) await summary.click()
      const look = async (): Promise<void> => {
        for (const width of [1280, 320]) {
          await page.setViewportSize({ width, height: 800 })
          assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width)
          assert.deepEqual(await violations(page), [])
        }
      }
      await look()
      await page.getByRole('link', { name: 'three' }).first().click()
      await page.getByText('May I stop it now?').waitFor()
      await look()
      assert.deepEqual(complaints, [])
    },
  )
}

test(
  'names full of markup, control characters and quotes are text and nothing else',
  inBrowser,
  async (t) => {
    const nasty = [
      '<img src=x onerror="document.title=1">',
      '"><script>document.title=1</script>',
      '__proto__',
      'a\u0007b\u202Ec',
      '#/../%2e%2e?&=',
    ]
    const url = await serve(t, () => [
      aReplica(
        nasty.map((id) => ({ id, address: `${id}:80`.slice(0, 250) })),
        {
          replica: '<b>replica</b>',
          package: '<i>1</i>',
        },
      ),
    ])
    const { page, complaints } = await open(t, url)
    for (const id of nasty)
      await until(id, async () => (await page.locator('tbody').textContent())?.includes(id))
    assert.equal(await page.locator('tbody img, tbody script, #page b > b, #page i').count(), 0)
    assert.equal(await page.title(), 'Holdfast')
    await page
      .getByRole('link', { name: nasty[0] ?? '' })
      .first()
      .click()
    await until(
      'its page',
      async () => (await page.locator('.server h2').textContent()) === nasty[0],
    )
    assert.deepEqual(complaints, [])
  },
)

test(
  'with a token it asks for it, keeps it in the tab, and a wrong one is said to be wrong',
  inBrowser,
  async (t) => {
    const url = await serve(t, () => [aReplica(STATES)], { tokens: { read: TOKEN } })
    const { page } = await open(t, url)
    const field = page.getByLabel('Read or admin token')
    await field.waitFor()
    assert.deepEqual(await violations(page), [])
    await field.fill('not-the-token-of-anybody')
    await page.keyboard.press('Enter')
    await page.getByText('The token that was tried is wrong.').waitFor()
    await field.fill(TOKEN)
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'one' }).waitFor()
    assert.equal(
      await page.evaluate('Object.keys(localStorage).length + document.cookie.length'),
      0,
    )
    assert.equal(await page.getByRole('button', { name: /Drain|Change/ }).count(), 0)
  },
)

test(
  'when the sidecar is gone the page says since when; when nobody is heard, the same',
  inBrowser,
  async (t) => {
    let isHeard = true
    const app = Fastify({ forceCloseConnections: true })
    t.after(() => app.close())
    const source = () => {
      if (!isHeard) throw new Error('nobody is there')
      return aReplica(STATES)
    }
    await app.register(stats, { source, interval: '100ms', silentAfter: '1s' })
    const { page } = await open(t, await app.listen({ port: 0, host: '127.0.0.1' }))
    const pulse = async () => (await page.locator('#pulse').textContent()) ?? ''
    await until('live', async () => /^live ● \d\d:\d\d:\d\d$/.test(await pulse()))
    isHeard = false
    await until('stale', async () => /^no data since/.test(await pulse()), { deadlineMs: 4_000 })
    await until('told', async () =>
      /No replica has been heard/.test((await page.locator('#headline').textContent()) ?? ''),
    )
    isHeard = true
    await until('live again', async () => /^live/.test(await pulse()))
    await app.close()
    await until('lost', async () => /^no data since/.test(await pulse()))
  },
)

test(
  'the keyboard reaches everything in the order in which it is read, and walks through time',
  inBrowser,
  async (t) => {
    const url = await serve(t, () => [aReplica(STATES.slice(0, 2))], { tokens: { admin: TOKEN } })
    const { page } = await open(t, `${url}#token=${TOKEN}`)
    await page.getByRole('link', { name: 'two' }).waitFor()
    const reached: string[] = []
    for (let i = 0; i < 24; i += 1) {
      await page.keyboard.press('Tab')
      reached.push(
        await page.evaluate<string>(
          '(document.activeElement.getAttribute("aria-label") ?? document.activeElement.innerText).trim()',
        ),
      )
    }
    assert.deepEqual(reached, [
      'To the servers',
      'Holdfast',
      'Pause',
      '15 minutes',
      'hour',
      'day',
      ...['server', 'state', 'weight', 'share', 'req/s', 'err/s', 'p50 ms', 'p99 ms'],
      ...['sessions', 'active'],
      'one',
      'two',
      'Sessions moved, shop',
      'Requests a second, shop',
      'Time to the answer, shop',
      'Prometheus',
      'JSON',
      'OpenAPI',
    ])
    await page.getByRole('slider', { name: 'Requests a second, shop' }).focus()
    const value = () =>
      page.getByRole('slider', { name: 'Requests a second, shop' }).getAttribute('aria-valuetext')
    await page.keyboard.press('End')
    const last = await value()
    await page.keyboard.press('ArrowLeft')
    assert.notEqual(await value(), last)
    await page.keyboard.press('3')
    assert.equal(
      await page.getByRole('button', { name: 'day' }).getAttribute('aria-pressed'),
      'true',
    )
    await page.keyboard.press('p')
    assert.match((await page.locator('#pulse').textContent()) ?? '', /^paused/)
  },
)

test(
  'servers keep the order of the configuration until the reader sorts them',
  inBrowser,
  async (t) => {
    const url = await serve(t, () => [
      aReplica([
        { id: 'b-10', weight: 5 },
        { id: 'a-2', weight: 9 },
        { id: 'a-10', weight: 1 },
      ]),
    ])
    const { page } = await open(t, url)
    await page.getByRole('link', { name: 'b-10' }).waitFor()
    const order = async () => (await page.locator('tbody th').allTextContents()).join(' ')
    const head = (name: string) => page.getByRole('columnheader', { name })
    assert.equal(await order(), 'b-10 a-2 a-10')
    await head('weight').getByRole('button').click()
    assert.equal(await order(), 'a-2 b-10 a-10')
    assert.equal(await head('weight').getAttribute('aria-sort'), 'descending')
    await head('weight').getByRole('button').click()
    assert.equal(await order(), 'a-10 b-10 a-2')
    await head('server').getByRole('button').click()
    assert.equal(await order(), 'a-2 a-10 b-10')
    await head('server').getByRole('button').click()
    await head('server').getByRole('button').click()
    assert.equal(await order(), 'b-10 a-2 a-10')
    assert.equal(await head('server').getAttribute('aria-sort'), null)
  },
)
