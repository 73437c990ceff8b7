/** Labels by their name; names are ours, values may be any text. */
export type Labels = Readonly<Record<string, string>>

export interface Sample {
  readonly labels: Labels
  readonly value: number
}

/** A histogram's sample: buckets as the snapshot has them, not cumulated. */
export interface HistogramSample {
  readonly labels: Labels
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
  readonly sum: number
}

/** The media type of the text format, version 0.0.4. */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** A counter or gauge with all its samples; nothing when there are none. */
export function writeFamily(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  samples: readonly Sample[],
): string {
  if (samples.length === 0) return ''
  return head(type, name, help) + samples.map((sample) => line(name, sample)).join('')
}

/** A classic histogram: cumulative buckets up to `+Inf`, sum and count. */
export function writeHistogram(
  name: string,
  help: string,
  samples: readonly HistogramSample[],
): string {
  if (samples.length === 0) return ''
  return head('histogram', name, help) + samples.map((sample) => buckets(name, sample)).join('')
}

/** Counts by name as samples that differ in one label. */
export function split(
  labels: Labels,
  label: string,
  counts: Readonly<Record<string, number>>,
): readonly Sample[] {
  return Object.entries(counts).map(([key, value]) => ({
    labels: { ...labels, [label]: key },
    value,
  }))
}

function buckets(name: string, { labels, bounds, counts, sum }: HistogramSample): string {
  let total = 0
  let text = ''
  for (const [index, count] of counts.entries()) {
    total += count
    const le = number(bounds[index] ?? Infinity)
    text += line(`${name}_bucket`, { labels: { ...labels, le }, value: total })
  }
  return (
    text +
    line(`${name}_sum`, { labels, value: sum }) +
    line(`${name}_count`, { labels, value: total })
  )
}

function head(type: string, name: string, help: string): string {
  return `# HELP ${name} ${help.replace(/[\\\n]/g, escaped)}\n# TYPE ${name} ${type}\n`
}

function line(name: string, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(
    ([label, text]) => `${label}="${text.replace(/[\\\n"]/g, escaped)}"`,
  )
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${number(value)}\n`
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}

function number(value: number): string {
  return value === Infinity ? '+Inf' : String(value)
}
