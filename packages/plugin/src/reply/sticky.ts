import type { Exchange } from '../exchange.js'
import type { ResponseHead } from './response-head.js'

/**
 * The head with our Set-Cookie where one is due. Never on what a shared cache may keep, or the
 * next client would get this one's session; what carries a cookie is marked private.
 */
export function stickyHead(
  head: ResponseHead,
  { registration, passage }: Exchange,
  transferred: string | undefined,
): ResponseHead {
  const { cookie, cookieStyle } = registration
  const { server, verdict, binding, facts } = passage
  if (cookie === undefined || server === undefined || verdict === undefined) return head
  const cautious = cookieStyle === 'holdfast'
  if (cautious && (head.shared || head.status === 304)) return head
  const line = cookie.setCookie({ binding, server, verdict, facts }, transferred)
  if (line === undefined) return head
  registration.gateway.domains.check(registration.upstream, facts.host)
  const { headers } = head
  // nginx's own module writes its cookie before the server's fields; the others after them.
  if (cookieStyle === 'nginx') headers.unshift('Set-Cookie', line)
  else headers.push('Set-Cookie', line)
  if (cautious && !head.unshared) headers.push('Cache-Control', 'private')
  return head
}
