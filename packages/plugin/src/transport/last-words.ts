import type { Socket } from 'node:net'
import { isBrokenConnection } from './node-error.js'

/**
 * Has a socket that the server has reset read what came before the reset. A server that answers
 * early, with a 413 or a 401, may close at once with the rest of the upload unread; then our next
 * write fails while the answer is waiting to be read, and Node would destroy the one with the
 * other. So a write that finds the connection broken fails only when reading has ended, too.
 */
export function hearLastWords(socket: Socket): void {
  const write = socket._write
  const writev = socket._writev
  socket._write = (chunk, encoding, done) =>
    write.call(socket, chunk, encoding, afterReading(socket, done))
  if (writev !== undefined) {
    socket._writev = (chunks, done) => writev.call(socket, chunks, afterReading(socket, done))
  }
}

type Done = (error?: Error | null) => void

function afterReading(socket: Socket, done: Done): Done {
  return (error) => {
    if (isBrokenConnection(error) && !socket.destroyed && !socket.readableEnded) {
      socket.once('end', () => done(error))
    } else done(error)
  }
}
