import { contrastRows, measureContrast } from './contrast/contrast.js'
import { gatewayNames } from './e2e/gateways.js'
import { measureSideBySide } from './e2e/side-by-side.js'
import { surveyGrowth } from './growth/survey.js'
import { surveyParts } from './micro/survey.js'
import { surveyQuality } from './quality/survey.js'
import { gatewayTable, table } from './report.js'
import { surveyScale } from './scale/survey.js'

/** What is measured without a bound that it must keep: tables to read, and all that is behind them. */
export interface Survey {
  readonly tables: readonly string[]
  readonly data: unknown
}

/** `npm run bench -- NAME [PART ...]`; only the first is part of a run of all figures. */
export const surveys: Readonly<
  Record<string, (tell: Tell, parts: readonly string[]) => Promise<Survey>>
> = {
  /** All gateways that are there, side by side. */
  peers: async (tell) => {
    const data = await measureSideBySide(gatewayNames, true, tell)
    return { tables: [gatewayTable(data, true)], data }
  },
  /** The same shop with its sessions in two places. */
  contrast: async (tell) => {
    const data = await measureContrast(tell)
    return { tables: [table(contrastRows(data))], data }
  },
  /** How evenly sessions are spread, and how many move. */
  quality: surveyQuality,
  /** What the parts of the core cost, each by itself. */
  micro: surveyParts,
  /** How cost grows with what there is of it. */
  growth: surveyGrowth,
  /** How much a gateway can have and hold. */
  scale: surveyScale,
}

/** Says what is going on. */
export type Tell = (text: string) => void
