import type { Environment, Flags } from './settings.js'

const FLAGS: Readonly<Record<string, keyof Flags>> = {
  redis: 'redis',
  namespace: 'namespace',
  interval: 'interval',
  replicas: 'replica',
  hosts: 'host',
}

const VARIABLES: Readonly<Record<string, string>> = {
  redis: 'HOLDFAST_REDIS_URL',
  namespace: 'HOLDFAST_NAMESPACE',
}

/** Tokens come from variables or a file of such, wherever the rest comes from. */
const TOKENS: Readonly<Record<string, string>> = {
  'tokens.read': 'HOLDFAST_READ_TOKEN',
  'tokens.admin': 'HOLDFAST_ADMIN_TOKEN',
  '--replica.token': 'HOLDFAST_REPLICA_TOKEN',
  '--replica.adminToken': 'HOLDFAST_REPLICA_ADMIN_TOKEN',
}

const PATH = /^(\s*)stats\.((?:tokens\.)?\w+)((?:\[\d+\])?(?:\.\w+)?)/gm

/** A message about options that names what the operator wrote: a flag, a variable, a line of a file. */
export function inTheirWords(message: string, flags: Flags, environment: Environment): string {
  return message.replace(PATH, (_, indent: string, option: string, rest: string) => {
    const [flag, variable] = [FLAGS[option], VARIABLES[option]]
    const isFlag = flag !== undefined && flags[flag] !== undefined
    const isVariable = variable !== undefined && environment[variable] !== undefined
    const place = isFlag
      ? `--${flag}`
      : isVariable
        ? variable
        : `${flags.config ?? 'stats'}.${option}`
    const token = TOKENS[option] ?? TOKENS[`${place}${rest.replace(/\[\d+\]/, '')}`]
    return `${indent}${token ?? place + rest}`
  })
}
