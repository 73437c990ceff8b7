import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exists, filesIn, read } from './repository.js'

const ROOT_PAGES = ['CHANGELOG.md', 'CONTRIBUTING.md', 'README.md', 'SECURITY.md']
const FOLDERS = ['bench', 'docs', 'examples', 'packages', 'scripts', 'soak', 'test']
const pages = [...ROOT_PAGES, ...FOLDERS.flatMap((folder) => filesIn(folder, '.md'))]

interface Link {
  readonly page: string
  readonly target: string
  /** From the root; the page itself where the target is only an anchor. */
  readonly file: string
  readonly anchor: string | undefined
}

const links = pages.flatMap(linksOf)

describe('links in the documentation', () => {
  it('are found', () => {
    assert.ok(links.length > 100, `${links.length} links on ${pages.length} pages`)
  })

  it('lead to something that is in the repository', () => {
    const broken = links.filter(({ file }) => !exists(file))
    assert.deepEqual(broken.map(tell), [])
  })

  it('lead to a heading where they name one', () => {
    const broken = links.filter(
      ({ file, anchor }) =>
        anchor !== undefined && file.endsWith('.md') && exists(file) && !anchors(file).has(anchor),
    )
    assert.deepEqual(broken.map(tell), [])
  })

  it('reach every page of docs/ from its index', () => {
    const reached = new Set(
      links
        .filter(({ page }) => /^docs\/(decisions\/)?README\.md$/.test(page))
        .map(({ file }) => file),
    )
    const lost = filesIn('docs', '.md').filter(
      (page) => page !== 'docs/README.md' && !reached.has(page),
    )
    assert.deepEqual(lost, [])
  })
})

function linksOf(page: string): Link[] {
  const text = proseOf(page)
  const targets = [
    ...text.matchAll(/\]\(([^)\s]+)\)/g),
    ...text.matchAll(/\b(?:src|srcset|href)="([^"\s]+)"/g),
  ].map(([, target = '']) => target)
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const { pathname, hash } = new URL(target, `file:///${page}`)
      return {
        page,
        target,
        file: decodeURIComponent(pathname.slice(1)),
        anchor: hash === '' ? undefined : decodeURIComponent(hash.slice(1)),
      }
    })
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): Set<string> {
  const seen = new Map<string, number>()
  const names = Array.from(proseOf(page, true).matchAll(/^#+ +(.+)$/gm), ([, heading = '']) => {
    const name = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
    const times = seen.get(name) ?? 0
    seen.set(name, times + 1)
    return times === 0 ? name : `${name}-${times}`
  })
  return new Set(names)
}

/** Without code, where brackets are something else; headings keep theirs. */
function proseOf(page: string, withInline = false): string {
  const text = read(page).replaceAll(/^( *)(```|~~~)[\s\S]*?^\1\2/gm, '')
  return withInline ? text : text.replaceAll(/`[^`\n]*`/g, '')
}

function tell({ page, target }: Link): string {
  return `${page}: ${target}`
}
