// @ts-check
import { build } from './build.mjs'
import { install } from './install.mjs'
import { checkNodeVersion } from './node-version.mjs'

/** From a fresh clone, or from whatever state the last run left, to a built workspace. */
export async function bootstrap() {
  checkNodeVersion()
  await install()
  await build()
}
