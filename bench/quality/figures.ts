import type { Figure } from '../figures.js'

const quality = (
  id: string,
  title: string,
  [must, aim]: readonly [number, number],
  args: readonly string[],
  field: string,
): Figure => ({
  id,
  title,
  unit: 'ratio',
  must,
  aim,
  source: {
    kind: 'micro',
    file: `quality/${id === 'P10' ? 'spread' : 'moves'}.js`,
    args,
    field,
    scale: 1,
  },
})

/** How evenly ten equal servers are used, and how many sessions a change of the list moves. */
export const qualityFigures: readonly Figure[] = [
  quality('P10', 'sessions of the fullest server to the mean', [1.25, 1.25], [], 'ring'),
  quality('P10', 'requests at once, loadFactor 1.25, the worst', [1.25, 1.25], [], 'boundedWorst'),
  quality('P11', 'moved when 1 of 10 leaves, of what it had', [1.3, 1.1], ['ring'], 'left'),
  quality('P11', 'the same, of a tenth of all, the worst', [1.3, 1.1], ['ring'], 'worst'),
  quality('P11', 'moved when an 11th joins, of an 11th', [1.3, 1.1], ['ring'], 'joined'),
  quality('P11', 'moved by weight 1 to 2, of its growth', [1.3, 1.1], ['ring'], 'weighted'),
]
