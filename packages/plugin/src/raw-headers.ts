/** Name and value in turn, as they go on the wire. */
export type RawHeaders = string[]

/** Whether a field's name is `lower`, in whatever case it came. */
export function isNamed(name: string, lower: string): boolean {
  if (name.length !== lower.length) return false
  for (let i = 0; i < name.length; i += 1) {
    const code = name.charCodeAt(i)
    const isUpper = code >= 0x41 && code <= 0x5a
    if ((isUpper ? code | 0x20 : code) !== lower.charCodeAt(i)) return false
  }
  return true
}

/** The fields whose lower-case names are not in `names`. */
export function withoutFields(headers: readonly string[], names: ReadonlySet<string>): RawHeaders {
  const left: RawHeaders = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string
    if (!names.has(name.toLowerCase())) left.push(name, headers[i + 1] as string)
  }
  return left
}

/** Fields by lower-case name, repeats as a list: the shape in which Fastify wants them. */
export function groupHeaders(headers: readonly string[]): Record<string, string | string[]> {
  const grouped: Record<string, string | string[]> = Object.create(null)
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    const value = headers[i + 1] as string
    const before = grouped[name]
    if (before === undefined) grouped[name] = value
    else grouped[name] = Array.isArray(before) ? [...before, value] : [before, value]
  }
  return grouped
}
