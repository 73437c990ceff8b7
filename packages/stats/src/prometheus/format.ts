/**
 * Labels as they stand between the braces: they are the same in dozens of samples of a server, so
 * they are written once.
 */
export type Labels = string & { readonly [written]: true }

declare const written: unique symbol

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

/** Labels by their name; names are ours, values may be any text. */
export function writeLabels(labels: Readonly<Record<string, string>>): Labels {
  const pairs = Object.entries(labels).map(([name, value]) => pair(name, value))
  return pairs.join(',') as Labels
}

/** The same labels and one more. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  return (labels === '' ? pair(name, value) : `${labels},${pair(name, value)}`) as Labels
}

/** Counts by name as samples that differ in one label. */
export function split(
  labels: Labels,
  label: string,
  counts: Readonly<Record<string, number>>,
): readonly Sample[] {
  return Object.entries(counts).map(([key, value]) => ({
    labels: withLabel(labels, label, key),
    value,
  }))
}

/** A counter or gauge with all its samples; nothing when there are none. In pieces. */
export function* writeFamily(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  samples: Iterable<Sample>,
): Generator<string> {
  let before = head(type, name, help)
  for (const { labels, value } of samples) {
    yield before + line(name, labels, value)
    before = ''
  }
}

/** A classic histogram: cumulative buckets up to `+Inf`, sum and count; in pieces. */
export function* writeHistogram(
  name: string,
  help: string,
  samples: Iterable<HistogramSample>,
): Generator<string> {
  let before = head('histogram', name, help)
  for (const sample of samples) {
    yield before + buckets(name, sample)
    before = ''
  }
}

function buckets(name: string, { labels, bounds, counts, sum }: HistogramSample): string {
  const bucket = `${name}_bucket{${labels === '' ? '' : `${labels},`}le="`
  let total = 0
  let text = ''
  for (const [index, count] of counts.entries()) {
    total += count
    text += `${bucket}${number(bounds[index] ?? Infinity)}"} ${total}\n`
  }
  return text + line(`${name}_sum`, labels, sum) + line(`${name}_count`, labels, total)
}

function head(type: string, name: string, help: string): string {
  return `# HELP ${name} ${help.replace(/[\\\n]/g, escaped)}\n# TYPE ${name} ${type}\n`
}

function line(name: string, labels: Labels, value: number): string {
  return labels === '' ? `${name} ${number(value)}\n` : `${name}{${labels}} ${number(value)}\n`
}

function pair(name: string, value: string): string {
  return `${name}="${value.replace(/[\\\n"]/g, escaped)}"`
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}

function number(value: number): string {
  return value === Infinity ? '+Inf' : String(value)
}
