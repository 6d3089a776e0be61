/** The loop: case after case until the time is up or something is found. */
import { setTimeout as delay } from 'node:timers/promises'
import { makeCase, type Case } from './case.ts'
import type { Fault } from './judge-request.ts'
import { runCase, type Setting } from './run-case.ts'
import { shrink } from './shrink.ts'
import { wakedock, type Subject } from './subject.ts'
import { Upstream } from './upstream.ts'

export interface Finding {
  readonly seed: number
  /** null: it was given as data. */
  readonly number: number | null
  readonly fault: Fault
  readonly case: Case
}

/** Milliseconds. */
const CLOSE_BOUND = 2000

/** An upstream and what is fuzzed in front of it; closed again after `use`. Exceptions nobody catches are caught meanwhile. */
export async function withSetting<T>(
  use: (setting: Setting) => Promise<T>,
  open: (upstreamPort: number) => Promise<Subject> = wakedock,
): Promise<T> {
  const upstream = new Upstream()
  const subject = await open(await upstream.listen())
  const crashes: unknown[] = []
  const note = (error: unknown): void => void crashes.push(error)
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  try {
    return await use({ subject, upstream, crashes })
  } finally {
    // What has leaked may never close.
    await Promise.race([
      Promise.all([subject.close(), upstream.close()]),
      delay(CLOSE_BOUND, null, { ref: false }),
    ])
    process.off('uncaughtException', note)
    process.off('unhandledRejection', note)
  }
}

/** Runs one case, and makes it small if it fails. */
export async function tryCase(setting: Setting, each: Case): Promise<{ fault: Fault; case: Case } | null> {
  const fault = await runCase(setting, each)
  if (fault === null) return null
  // That all of it must arrive is known of a whole case only.
  if (each.right) return { fault, case: each }
  let last = fault
  const small = await shrink(each, async (smaller) => {
    const found = await runCase(setting, smaller)
    if (found?.kind !== fault.kind) return false
    last = found
    return true
  })
  return { fault: last, case: small }
}

/** Until the first finding, or `enough` says so before the next case. */
export async function fuzz(
  setting: Setting,
  seed: number,
  enough: (done: number) => boolean,
): Promise<{ done: number; finding: Finding | null }> {
  for (let number = 0; ; number++) {
    if (enough(number)) return { done: number, finding: null }
    const found = await tryCase(setting, makeCase(seed, number))
    if (found !== null) return { done: number + 1, finding: { seed, number, ...found } }
  }
}
