import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Load } from '../e2e/load.js'
import { GATEWAY_CORE, type Running, startNode, startServers } from '../e2e/process.js'
import { takeTurns } from '../e2e/turns.js'
import { measured } from '../lib/node-child.js'
import { type Spread, spreadOf } from '../lib/statistics.js'
import { ratioText, table } from '../report.js'

const SETS = 3
const TURNS = 6
const TURN_S = 1
const WARM_UP_REQUESTS = 20_000
const PAIRS = 5

const DIST = fileURLToPath(new URL('..', import.meta.url))

/** A built tree of this repository. */
export interface Tree {
  readonly name: string
  readonly folder: string
}

/** What was measured of two trees, in turn: the values at one place are a pair. */
interface Pairs {
  readonly title: string
  readonly base: number[]
  readonly own: number[]
}

/**
 * What this tree costs against another: both gateways in turn under one load, each set in fresh
 * processes, then the decisions by themselves. Prints the ratios; below 1 this tree is cheaper.
 * @param ids `P1` for the gateways, `P4` for the decisions; none means both.
 */
export async function compare(base: Tree, ids: readonly string[]): Promise<void> {
  const own: Tree = { name: 'this tree', folder: join(DIST, '../..') }
  const wanted = (id: string): boolean => ids.length === 0 || ids.includes(id)
  const all: Pairs[] = []
  if (wanted('P1')) all.push(await compareGateways(base, own))
  if (wanted('P4')) {
    for (const way of ['cookie', 'key', 'turn']) {
      for (const servers of [3, 100, 1_000])
        all.push(await compareDecisions(base, own, way, servers))
    }
  }
  console.log(table([['', base.name, own.name, `${own.name} / ${base.name}`], ...all.map(rowOf)]))
}

async function compareGateways(base: Tree, own: Tree): Promise<Pairs> {
  const pairs = noPairs('processor µs a request, gateway')
  const servers = await startServers(3)
  try {
    for (let set = 1; set <= SETS; set += 1) {
      console.error(`  gateways, set ${set} of ${SETS}`)
      await runSet([base, own], servers.addresses, (tree, costUs) =>
        (tree === own ? pairs.own : pairs.base).push(costUs),
      )
    }
  } finally {
    await servers.stop()
  }
  return pairs
}

async function runSet(
  trees: readonly Tree[],
  servers: readonly string[],
  add: (tree: Tree, costUs: number) => void,
): Promise<void> {
  const warm: Array<{ tree: Tree; running: Running; load: Load }> = []
  try {
    for (const tree of trees) {
      const file = fileIn(tree, 'e2e/gateways/holdfast.js')
      const running = await startNode(GATEWAY_CORE, file, servers)
      const load = await Load.begin(running.port)
      warm.push({ tree, running, load })
      for (let sent = 0; sent < WARM_UP_REQUESTS; ) sent += (await load.run(1)).requests
    }
    await takeTurns(TURNS, warm, async ({ tree, running, load }) => {
      const before = running.processorMs()
      const { requests } = await load.run(TURN_S)
      add(tree, ((running.processorMs() - before) * 1_000) / requests)
    })
  } finally {
    for (const { running, load } of warm) {
      load.end()
      await running.stop()
    }
  }
}

async function compareDecisions(
  base: Tree,
  own: Tree,
  way: string,
  servers: number,
): Promise<Pairs> {
  const pairs = noPairs(`decision by ${way}, ${servers} servers, ns`)
  console.error(`  ${pairs.title}`)
  await takeTurns(PAIRS, [base, own], async (tree) => {
    const file = fileIn(tree, 'micro/decision.js')
    const { decision } = await measured<{ decision: Spread }>(file, way, servers)
    ;(tree === own ? pairs.own : pairs.base).push(decision.median)
  })
  return pairs
}

/** A compiled file of a tree's benchmarks, from this package's root. */
function fileIn({ folder }: Tree, file: string): string {
  return relative(DIST, join(folder, 'bench/dist', file))
}

function noPairs(title: string): Pairs {
  return { title, base: [], own: [] }
}

function rowOf({ title, base, own }: Pairs): string[] {
  const ratios = own.map((value, pair) => value / (base[pair] ?? Number.NaN))
  return [
    title,
    ...[base, own].map((values) => spreadOf(values).median.toFixed(1)),
    ratioText(spreadOf(ratios)),
  ]
}
