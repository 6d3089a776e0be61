/** How much a target does: two looks at what it has used, MEASURE_WINDOW apart. */
import { toTargetError, type TargetError } from '../errors.ts'
import type { Clock, Usage } from './ports.ts'
import { MEASURE_WINDOW, type Load } from './state.ts'

/** Never rejects: what went wrong is an answer, too. */
export async function measureLoad(usage: () => Promise<Usage>, clock: Clock): Promise<Load | TargetError> {
  try {
    const [before, began] = [await usage(), clock.now()]
    await new Promise<void>((resolve) => void clock.setTimer(MEASURE_WINDOW, resolve))
    const after = await usage()
    const seconds = (clock.now() - began) / 1000
    // Counters begin again at 0 when a part is restarted.
    const rate = (from: number, to: number): number => Math.max(0, to - from) / seconds
    const known = before.networkBytes !== null && after.networkBytes !== null
    return {
      cpu: rate(before.cpuSeconds, after.cpuSeconds),
      network: known ? rate(before.networkBytes, after.networkBytes) : null,
    }
  } catch (error) {
    return toTargetError(error)
  }
}
