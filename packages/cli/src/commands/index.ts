import type { Command } from '../command.js'
import { check } from './check.js'
import { explainCommand } from './explain.js'
import { importCommand } from './import.js'
import { keygen } from './keygen.js'
import { drain, status, undrain, weight } from './operator.js'
import { plan } from './plan.js'
import { route } from './route.js'
import { serve } from './serve.js'

/** Every verb, in the order of the help. */
export const commands: readonly Command[] = [
  serve,
  check,
  importCommand,
  plan,
  route,
  explainCommand,
  keygen,
  status,
  drain,
  undrain,
  weight,
]
