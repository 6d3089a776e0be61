/** Judges every request and everything else that must hold, and prints the account. */
import type { Chaos } from './chaos.ts'
import type { WakeDock } from './daemon.ts'
import { Evidence, type EngineEvent, type LogEntry } from './evidence.ts'
import { racesMet } from './races.ts'
import { classes, inFull, table, type Row } from './report.ts'
import type { Sent, Traffic } from './traffic.ts'
import { executedTwice, judge, sleptInUse, type Verdict } from './verdict.ts'
import type { World } from './world.ts'

export interface Day {
  readonly world: World
  readonly traffic: Traffic
  readonly chaos: Chaos
  readonly wakedock: WakeDock
  readonly engine: readonly EngineEvent[]
  readonly executed: ReadonlyMap<string, number>
  /** Honest failures to be printed as well: those whose code and cause fit. */
  readonly show: RegExp | null
  /** What did not fit at the end. */
  readonly complaints: readonly string[]
}

/** Returns whether nothing is wrong. */
export function account({
  world,
  traffic,
  chaos,
  wakedock,
  engine,
  executed,
  complaints,
  show,
}: Day): boolean {
  const { log: lines, other } = wakedock.output()
  const log: LogEntry[] = lines.map((line) => ({
    at: Date.parse(String(line['time'])),
    line,
    service: typeof line['service'] === 'string' ? line['service'] : '',
  }))
  const evidence = new Evidence({ services: world.services, acts: chaos.acts, engine, log })
  const inUse = sleptInUse(traffic.sent, evidence)
  const twice = new Set(executedTwice(traffic.sent, executed))
  const lost = new Map<Sent, string>()
  const shown = new Map<Sent, string>()
  const verdicts = traffic.sent.map((sent): Verdict => {
    const sleep = inUse.get(sent)
    const verdict: Verdict = twice.has(sent)
      ? { class: 'lost', why: `executed ${executed.get(sent.id)} times` }
      : sleep === undefined
        ? judge(sent, evidence)
        : { class: 'lost', why: `put to sleep while in flight: ${sleep.line.msg}` }
    if (verdict.class === 'lost') lost.set(sent, verdict.why)
    const failure = verdict.class === 'failed' ? `${verdict.code}: ${verdict.cause}` : ''
    if (show?.test(failure) === true) shown.set(sent, failure)
    return verdict
  })

  const wrong = [
    ...complaints,
    ...lines
      .filter(({ level, event }) => level === 'fatal' || event === 'bug')
      .map(({ msg, err }) => `${msg}: ${JSON.stringify(err)}`),
    ...other.map((line) => `WakeDock wrote: ${line}`),
  ]
  const count = (event: string, fits: (entry: LogEntry) => boolean = () => true): number =>
    log.filter((entry) => entry.line.event === event && fits(entry)).length
  const rows: Row[] = [
    ...classes(verdicts),
    ['put to sleep in use', inUse.size],
    ['POSTs executed twice', twice.size],
    ['wakes', count('wake_finished', ({ line }) => line['outcome'] === 'ready')],
    ['failed wakes', count('wake_finished', ({ line }) => line['outcome'] !== 'ready')],
    ['sleeps', count('sleep_finished')],
    ['deeds', chaos.acts.length],
    ...racesMet(traffic.sent, log, chaos.acts).map(([name, times]): Row => [`  ${name}`, times]),
    ...wakedock.lives.map(({ rssAtStart, rssAtEnd }, index): Row => [
      `RSS of life ${index + 1}, MiB`,
      `${rssAtStart.toFixed(0)} -> ${rssAtEnd.toFixed(0)}`,
    ]),
    ['disagreements and bugs', wrong.length],
  ]
  if (shown.size > 0) console.log(inFull('FAILED', shown, evidence))
  if (lost.size > 0) console.log(inFull('LOST', lost, evidence))
  for (const each of wrong) console.log(`WRONG ${each}`)
  console.log(table(rows))
  return lost.size === 0 && wrong.length === 0
}
