/**
 * A module of the core that its package keeps to itself.
 * @param path below the core's sources.
 */
export function coreModule(path: string): Promise<unknown> {
  return import(new URL(`../../../packages/core/dist/${path}`, import.meta.url).href)
}
