/**
 * How often nginx looks at servers that may not be used before it gives up its own way of
 * choosing. Counted over all attempts of a request, in `Selection.misses`.
 */
export const MAX_MISSES = 20
