/**
 * What the options of an upstream are made of, for the packages that take more options than an
 * upstream's own: the same checks, the same errors, the same tables.
 */
export {
  choice,
  defaulted,
  duration,
  flag,
  group,
  listOf,
  nested,
  oneOf,
  optional,
  required,
  text,
  wholeNumber,
} from './fields.js'
export { jsonSchemaOf } from './json-schema.js'
export { parseWith } from './parse.js'
export { describeGroup, type OptionGroup, type OptionRow, upstreamReference } from './reference.js'
export { retrySchema } from './retry.js'
export { KEY_ADVICE, weakness } from './secret.js'
export { timeoutsSchema } from './timeouts.js'
export { upstreamSchema } from './upstream.js'
