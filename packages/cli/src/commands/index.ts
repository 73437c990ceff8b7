import type { Command } from '../command.js'
import { check } from './check.js'
import { explainCommand } from './explain.js'
import { importCommand } from './import.js'
import { keygen } from './keygen.js'
import { route } from './route.js'
import { serve } from './serve.js'

/** Every verb, in the order of the help. */
export const commands: readonly Command[] = [
  serve,
  check,
  importCommand,
  route,
  explainCommand,
  keygen,
]
