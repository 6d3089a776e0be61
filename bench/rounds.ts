/** Contestants take turns, so that whatever else the machine does hits all alike, and each is compared within its round. */
import type { LoadResult } from './load.ts'
import { readCoreCpu, readCpu } from './process-cpu.ts'
import { CORES } from './program.ts'

/** What one contestant did in one round. */
export interface Sample extends LoadResult {
  /** Milliseconds of CPU time that the proxy used, or both of them in a chain; null where there is none. */
  readonly cpu: number | null
  /** Milliseconds that the proxy's core worked for others meanwhile: what this figure is too low by. */
  readonly others: number | null
}

/** One contestant's samples, one of each round, in order. */
export interface Series {
  readonly name: string
  readonly samples: readonly Sample[]
}

/** Seconds of the first turn, which is not counted: connections are opened, caches filled, code compiled. */
const WARM_UP = 1

/** `measure` gets the seconds of load it is to give. Every second round goes the other way about. */
export async function interleave<T extends { readonly name: string }>(
  contestants: readonly T[],
  { rounds, seconds }: { rounds: number; seconds: number },
  measure: (one: T, seconds: number) => Promise<Sample>,
): Promise<Series[]> {
  for (const one of contestants) await named(one, measure(one, WARM_UP))
  const samples = new Map<T, Sample[]>(contestants.map((one) => [one, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const one of round % 2 === 0 ? contestants : contestants.toReversed()) {
      samples.get(one)?.push(await named(one, measure(one, seconds)))
    }
  }
  return contestants.map((one) => ({ name: one.name, samples: samples.get(one) ?? [] }))
}

/** The same load with the CPU time of the proxies in its way; `core`: where they run, if they do not run anywhere. */
export async function withCpu(
  pids: readonly number[],
  core: 'proxy' | 'any',
  load: () => Promise<LoadResult>,
): Promise<Sample> {
  const used = (): number => pids.reduce((sum, pid) => sum + readCpu(pid), 0)
  const worked = (): number => (core === 'any' ? 0 : readCoreCpu(CORES[core]))
  const before = { used: used(), worked: worked() }
  const result = await load()
  const cpu = used() - before.used
  return {
    ...result,
    cpu: pids.length === 0 ? null : cpu,
    others: pids.length === 0 || core === 'any' ? null : Math.max(0, worked() - before.worked - cpu),
  }
}

async function named<R>({ name }: { readonly name: string }, work: Promise<R>): Promise<R> {
  try {
    return await work
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
