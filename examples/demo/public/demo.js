// What the page does: it sends requests to the shop, and tells the demo to stop and start servers.

import {
  addToHistory,
  element,
  say,
  showAnswer,
  showCookies,
  showServers,
  showStale,
} from './view.js'

const STATE_EVERY_MS = 2000
const VISIT_EVERY_MS = 1000

/** The server that answered last, to name it when a session moves. */
let lastServer

/** Sends a request to the shop and shows its answer; `quiet` for those that nobody asked for. */
async function ask(method, path, { quiet = false } = {}) {
  const cookies = element('cookies').checked
  const answer = await fetchAnswer(method, path, cookies)
  const words = showAnswer(answer, lastServer, cookies)
  if (!quiet || answer.verdict !== 'kept') say(words)
  addToHistory(answer)
  if (answer.server) lastServer = answer.server
  await refresh()
}

async function fetchAnswer(method, path, cookies) {
  const from = performance.now()
  try {
    const credentials = cookies ? 'same-origin' : 'omit'
    const response = await fetch(`/shop${path}`, { method, credentials, cache: 'no-store' })
    const timeMs = performance.now() - from
    const [verdict, reason] = (response.headers.get('demo-verdict') ?? '').split(': ')
    if (!response.ok) return { error: `${response.status}: no server can answer.`, timeMs }
    return { ...(await response.json()), verdict, reason, timeMs }
  } catch {
    return { error: 'The gateway does not answer. Is it still running?' }
  }
}

async function refresh() {
  const response = await fetch('/demo/state').catch(() => undefined)
  showStale(!response?.ok)
  if (response?.ok) showState(await response.json())
}

async function press(name, action) {
  const response = await fetch(`/demo/servers/${name}/${action}`, { method: 'POST' }).catch(
    () => undefined,
  )
  if (response?.ok) say(`${name} ${action === 'stop' ? 'stopped' : 'started'}`)
  else if (response) element('servers-why').textContent = (await response.json()).message
  await refresh()
}

function showState({ servers, statistics }) {
  element('statistics').href = statistics
  showServers(servers, press)
}

element('visit-button').addEventListener('click', () => ask('GET', '/'))
element('add-button').addEventListener('click', () => ask('POST', '/cart'))
element('empty-button').addEventListener('click', () => ask('DELETE', '/cart'))
element('cookies').addEventListener('change', ({ target }) => showCookies(target.checked))

element('curl').textContent = `curl -c jar -b jar ${location.origin}/shop/`
showCookies(true)
refresh()
setInterval(() => {
  if (!document.hidden) refresh()
}, STATE_EVERY_MS)
setInterval(() => {
  if (element('steady').checked && !document.hidden) ask('GET', '/', { quiet: true })
}, VISIT_EVERY_MS)
