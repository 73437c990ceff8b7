/**
 * What yields a key: an nginx variable (`'$cookie_PHPSESSID'`), a template of them
 * (`'$host$request_uri'`), or a function of the gateway's request.
 */
export type KeyExpression = string | ((request: unknown) => string | undefined)
