/** Whether a text can name a replica: what is safe in keys, logs and labels, and not too long. */
export function isReplicaName(text: unknown): text is string {
  return typeof text === 'string' && /^[\w.:-]{1,100}$/.test(text)
}
