// What the page shows. Nothing here asks the gateway for anything.

/** The element with this id, which index.html has. */
export const element = (id) => document.getElementById(id)

const MOST_DOTS = 40

const STATE_MARKS = {
  running: '● running',
  stopped: '■ stopped',
  up: '● up',
  ejected: '✖ ejected',
  probing: '◔ probing',
  drain: '◐ drain',
  down: '■ down',
}

/** Why a session moved, in a sentence; the keys are the gateway's reasons. */
const MOVES = {
  failed: (from) => `${from} did not answer, so the same request went on to another server.`,
  ejected: (from) => `The gateway knows that ${from} is dead and no longer tries it.`,
  'bad-cookie': () => 'The cookie was not one of this gateway’s: perhaps it has been restarted.',
}

/**
 * Shows one answer of the shop.
 * @param answer `{ server, visits, cart, verdict, reason, timeMs, error }`
 * @param previous the server that answered before, if any
 * @param cookies whether cookies were sent
 * @returns the answer in words
 */
export function showAnswer(answer, previous, cookies) {
  const { server, visits, verdict, reason, timeMs } = answer
  element('answer').dataset.server = server ?? ''
  element('who').textContent = server ?? 'nobody'
  element('visit').textContent = visits ?? '–'
  element('verdict').textContent = reason ? `${verdict}: ${reason}` : (verdict ?? '–')
  element('time').textContent = timeMs === undefined ? '–' : `${timeMs.toFixed(0)} ms`
  const why = explain(answer, previous, cookies)
  element('why').textContent = why
  showCart(answer.cart)
  return server ? `${server}, visit ${visits}. ${why}` : why
}

function explain({ server, verdict, reason, error }, previous, cookies) {
  if (error) return error
  if (!cookies) return `No cookie came along: a new visitor to the gateway, and to ${server}.`
  if (verdict === 'kept') return `The cookie led back to ${server}, which remembers you.`
  if (verdict === 'moved') {
    const cause = MOVES[reason] ?? (() => 'The server of this session cannot be used.')
    return `${cause(previous ?? 'the server')} To ${server} you are new: the old cart is lost.`
  }
  return `First visit: the gateway chose ${server} and sealed that into a cookie.`
}

function showCart(cart) {
  const counts = new Map()
  for (const item of cart ?? []) counts.set(item, (counts.get(item) ?? 0) + 1)
  const items = [...counts].map(([item, count]) =>
    create('li', { textContent: count === 1 ? item : `${item} × ${count}` }),
  )
  const none = create('li', { className: 'empty', textContent: cart ? 'empty' : 'nobody knows it' })
  element('cart').replaceChildren(...(items.length > 0 ? items : [none]))
}

/** Adds a request to the row of dots. */
export function addToHistory({ server, visits, verdict, reason, error }) {
  const history = element('history')
  const words = error ?? `${server}, visit ${visits}, ${verdict}${reason ? `: ${reason}` : ''}`
  const dot = create('li', { className: `dot ${verdict ?? 'none'}`, title: words })
  if (server) dot.dataset.server = server
  dot.append(
    create('span', { textContent: server?.at(-1) ?? '×', ariaHidden: 'true' }),
    create('span', { className: 'unseen', textContent: words }),
  )
  history.append(dot)
  while (history.childElementCount > MOST_DOTS) history.firstElementChild.remove()
}

/** Tells those who do not see the page. */
export function say(words) {
  element('status').textContent = words
}

/** Whether the page is out of date, because nobody answers it. */
export function showStale(stale) {
  element('stale').hidden = !stale
}

/** Says what the switch for cookies does, as it stands. */
export function showCookies(sent) {
  element('cookies-why').textContent = sent
    ? 'The gateway’s cookie names your server, sealed, so every request goes back to it.'
    : 'Without it every request looks like a new visitor’s, and the next server in turn gets it.'
}

/**
 * Shows the servers; rows are made once and then only changed, so that focus stays.
 * @param press called with a server's name and `start` or `stop`
 */
export function showServers(servers, press) {
  const body = element('servers')
  for (const server of servers) {
    const row = body.querySelector(`[data-server="${server.name}"]`) ?? addRow(body, server, press)
    const { running, gateway, sessions, requests } = server
    const texts = [STATE_MARKS[running ? 'running' : 'stopped'], STATE_MARKS[gateway] ?? gateway]
    for (const [index, text] of [...texts, format(sessions), format(requests)].entries()) {
      row.querySelectorAll('td')[index].textContent = text
    }
    const button = row.querySelector('button')
    button.dataset.action = running ? 'stop' : 'start'
    button.textContent = running ? 'Stop' : 'Start'
    button.ariaLabel = `${button.textContent} ${server.name}`
  }
}

function addRow(body, { name, address }, press) {
  const row = create('tr', {})
  row.dataset.server = name
  const head = create('th', { scope: 'row' })
  const dot = create('i', { className: 'dot inline', ariaHidden: 'true', textContent: name.at(-1) })
  head.append(dot, name, create('small', { textContent: address }))
  row.append(head)
  for (const label of ['process', 'gateway says', 'sessions', 'requests']) {
    const numeric = label === 'sessions' || label === 'requests'
    const cell = create('td', { className: numeric ? 'number' : '' })
    cell.dataset.label = label
    row.append(cell)
  }
  const button = create('button', { type: 'button' })
  button.addEventListener('click', () => press(name, button.dataset.action))
  const action = create('td', {})
  action.append(button)
  row.append(action)
  body.append(row)
  return row
}

const format = (number) => number.toLocaleString('en')

const create = (tag, properties) => Object.assign(document.createElement(tag), properties)
