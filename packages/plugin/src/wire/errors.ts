/** What a server sent is no HTTP/1 response, or can be read in two ways. For the log only. */
export class InvalidResponseError extends Error {
  override readonly name = 'InvalidResponseError'
}

/** A request that must not go out as it is: the gateway's own code made it so. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError'
}

/** The server closed the connection before its response was complete. */
export class ConnectionClosedError extends Error {
  override readonly name = 'ConnectionClosedError'

  constructor() {
    super('the server closed the connection')
  }
}
