import { applyPatch, type Model } from './model.js'
import { ask } from './session.js'

export interface ConnectionHandlers {
  /** A new state, or a changed one. */
  readonly onModel: (model: Model) => void
  /** The stream has broken, or was refused with a status. */
  readonly onLoss: (status: number | undefined) => void
}

const RETRY_MS = 2_000
/** The stream speaks at least this often while it lives. */
const SILENCE_MS = 8_000

/** Follows the stream for as long as the page lives; it comes back by itself. */
export async function follow({ onModel, onLoss }: ConnectionHandlers): Promise<void> {
  for (;;) {
    let status: number | undefined
    try {
      const abort = new AbortController()
      const response = await ask('events', { signal: abort.signal })
      status = response.status
      if (!response.ok || response.body === null) throw new Error(`status ${status}`)
      status = undefined
      await readAll(response.body, abort, onModel)
    } catch {
      // Whatever it was, it is the same to the reader: no news.
    }
    onLoss(status)
    if (status === 401 || status === 403) return
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

async function readAll(
  body: ReadableStream<Uint8Array>,
  abort: AbortController,
  onModel: (model: Model) => void,
): Promise<void> {
  let model: unknown
  let text = ''
  let watchdog = setTimeout(() => abort.abort(), SILENCE_MS)
  const reader = body
    .pipeThrough(new TextDecoderStream() as never)
    .getReader() as ReadableStreamDefaultReader<string>
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      clearTimeout(watchdog)
      watchdog = setTimeout(() => abort.abort(), SILENCE_MS)
      text += value
      const messages = text.split('\n\n')
      text = messages.pop() ?? ''
      for (const message of messages) {
        const [, event = '', data = 'null'] =
          /^event: (\w+)\nid: \d+\ndata: (.*)$/.exec(message) ?? []
        if (event === '') continue
        model = applyPatch(event === 'state' ? undefined : model, JSON.parse(data))
        onModel(model as Model)
      }
    }
  } finally {
    clearTimeout(watchdog)
  }
}
