import * as z from 'zod'
import { type KeyExpression, keyExpressionProblem } from '../affinity/key-expression.js'
import { choice, listOf } from './fields.js'

const EXAMPLE = "such as '$cookie_name'"

export const keyExpression: z.ZodType<KeyExpression, KeyExpression> = z
  .custom<KeyExpression>((value) => typeof value === 'string' || typeof value === 'function', {
    error: ({ input }) =>
      input === undefined ? 'is required' : `must be an nginx variable ${EXAMPLE}, or a function`,
  })
  .superRefine((expression, ctx) => {
    const problem = keyExpressionProblem(expression)
    if (problem !== undefined) ctx.addIssue({ code: 'custom', message: problem })
  })
  .meta({ values: `nginx variables: \`'$cookie_name'\`, \`'$host$uri'\`; or a function` })

const list = listOf(keyExpression, `must be an nginx variable ${EXAMPLE}, or a list of them`).min(
  1,
  `needs at least one nginx variable ${EXAMPLE}`,
)

const single: z.ZodType<KeyExpression[], KeyExpression> = keyExpression.transform((key) => [key])

/** One key expression or several, as a list. */
export const keyList: z.ZodType<
  readonly KeyExpression[],
  KeyExpression | readonly KeyExpression[]
> = choice<readonly KeyExpression[], KeyExpression | readonly KeyExpression[]>((value) =>
  Array.isArray(value) ? list : single,
).meta({ values: "nginx variables, one or a list: `['$cookie_name', '$remote_addr']`" })
