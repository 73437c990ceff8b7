import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codeOf, filesIn, packages, read } from './repository.js'

const LONGEST = 400

const published = packages.flatMap((folder) => filesIn(`${folder}/src`, '.ts'))

describe('sources', () => {
  it('take the time and chance that they are given: only the kernel of the core makes its own', () => {
    const own =
      /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|set(Timeout|Interval|Immediate)|process\.\w+)/
    const files = filesIn('packages/core/src', '.ts').filter((file) => !file.includes('/kernel/'))
    assert.deepEqual(linesThatMatch(files, own), [])
  })

  it('do not silence the compiler, nor the linter about types', () => {
    // Written in two halves, or this line would be found too.
    const silencer = new RegExp(
      ['@ts-', '(ignore|nocheck|expect-error)|biome-', 'ignore.*(noExplicitAny|noNonNull)'].join(
        '',
      ),
    )
    const found = published.filter((file) => silencer.test(read(file)))
    assert.deepEqual(found, [])
  })

  it(`have at most ${LONGEST} lines a file`, () => {
    const files = ['packages', 'test', 'examples', 'scripts', 'bench', 'soak'].flatMap((folder) =>
      filesIn(folder, '.ts', '.mjs', '.lua'),
    )
    const long = files
      .map((file) => ({ file, lines: read(file).split('\n').length - 1 }))
      .filter(({ lines }) => lines > LONGEST)
    assert.deepEqual(long, [])
  })

  it('do nothing on import, unless they are executables', () => {
    const statement = /^(?:await|if|try|new|[\w.]+\()/
    const modules = published.filter((file) => !/\/bin(\/|\.ts$)/.test(file))
    assert.deepEqual(linesThatMatch(modules, statement), [])
  })

  it('keep no state in a module: what is bound at its top is bound once', () => {
    assert.deepEqual(linesThatMatch(published, /^(?:export )?(?:let|var) /), [])
  })
})

function linesThatMatch(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    codeOf(file)
      .split('\n')
      .filter((line) => pattern.test(line.replaceAll(/'[^']*'/g, "''")))
      .map((line) => `${file}: ${line.trim()}`),
  )
}
