/**
 * What happened, by three witnesses: the soak's own deeds, the engine's events, WakeDock's log. Asked about one service, it knows
 * which containers and services that concerns.
 */
import type { LogLine } from '../helpers/daemon.ts'
import type { Act } from './chaos.ts'
import type { ServicePlan } from './plans.ts'

/** Times are milliseconds since the epoch, everywhere. */
export interface EngineEvent {
  readonly at: number
  /** Suffix of its name. */
  readonly container: string
  readonly action: string
  readonly exitCode: string | null
}

export interface LogEntry {
  readonly at: number
  readonly line: LogLine
  /** '' where it is about none. */
  readonly service: string
}

export interface Witnesses {
  readonly services: readonly ServicePlan[]
  readonly acts: readonly Act[]
  readonly engine: readonly EngineEvent[]
  readonly log: readonly LogEntry[]
}

export interface Span {
  readonly from: number
  readonly to: number
}

/** A service and what it needs. */
interface Circle {
  readonly services: ReadonlySet<string>
  readonly containers: ReadonlySet<string>
  /** The container that gets the requests. */
  readonly main: string | null
}

/** Milliseconds: as long as an outage lasts, and a stop. */
const DOUBT = 8000
/** Milliseconds between a deed and WakeDock's knowing of it. */
const NEWS = 2000

export class Evidence {
  readonly #circles = new Map<string, Circle>()
  readonly #crashes: readonly EngineEvent[]
  readonly witnesses: Witnesses

  constructor(witnesses: Witnesses) {
    this.witnesses = witnesses
    const crashing = new Set(
      witnesses.services.flatMap(({ containers }) => containers.filter(({ crashes }) => crashes === true)),
    )
    const names = new Set([...crashing].map(({ name }) => name))
    this.#crashes = witnesses.engine.filter(
      ({ container, action, exitCode }) => action === 'die' && exitCode === '1' && names.has(container),
    )
    for (const { name } of witnesses.services) this.#circles.set(name, this.#circle(name))
  }

  #circle(name: string): Circle {
    const services = new Set([name])
    const containers = new Set<string>()
    let main: string | null = null
    for (const each of services) {
      const plan = this.witnesses.services.find((service) => service.name === each)
      for (const container of plan?.containers ?? []) containers.add(container.name)
      for (const need of plan?.needs ?? []) services.add(need)
      if (each === name) main = plan?.containers.at(-1)?.name ?? null
    }
    return { services, containers, main }
  }

  /** Whether a name in the log ("blog", or "blog/db" for a part) concerns this service. */
  concerns(service: string, logged: string): boolean {
    return this.#circles.get(service)?.services.has(logged.split('/', 1)[0] ?? '') ?? false
  }

  /** What was done to WakeDock itself at that time; null: nothing. */
  wakedockAway(span: Span): string | null {
    const act = this.witnesses.acts.find((each) => each.deed.startsWith('wakedock') && overlaps(each, span))
    return act === undefined ? null : act.deed
  }

  /** What ended, froze or replaced the container that the requests go to; null: nothing. */
  runLost(service: string, { from, to }: Span): string | null {
    const main = this.#circles.get(service)?.main
    return main ? this.#upset(new Set([main]), { from: from - NEWS, to: to + 500 }) : null
  }

  /**
   * The engine went away while it was told to stop the container, and did so afterwards: WakeDock cannot know whether it will,
   * and goes on with what runs. null: that is not what happened.
   */
  stopInDoubt(service: string, { from, to }: Span): string | null {
    const { engine, log } = this.witnesses
    const main = this.#circles.get(service)?.main
    const ends = engine.filter(
      ({ container, action, at }) =>
        container === main && action === 'die' && at >= from - DOUBT && at <= to + NEWS,
    )
    const inDoubt = ends.some((end) =>
      log.some(
        ({ line, at, service: logged }) =>
          line.event === 'sleep_finished' &&
          line['outcome'] === 'failed' &&
          this.concerns(service, logged) &&
          Math.abs(end.at - at) < DOUBT,
      ),
    )
    return inDoubt ? 'engine away in the middle of a stop' : null
  }

  /** What may have hindered a wake: a deed to anything that it needs, or an engine that was away or slow. */
  wakeHindered(service: string, { from, to }: Span): string | null {
    const span = { from: from - NEWS, to }
    const { acts } = this.witnesses
    const upset = this.#upset(this.#circles.get(service)?.containers ?? new Set(), span)
    if (upset !== null) return upset
    const engine = acts.find(({ deed, ...act }) => ENGINE_DEEDS.has(deed) && overlaps(act, span))
    return engine === undefined ? this.wakedockAway(span) : `engine ${engine.deed}`
  }

  sleepOrdered(service: string, { from, to }: Span): boolean {
    const span = { from: from - NEWS, to }
    return this.witnesses.acts.some(
      ({ deed, of, ...act }) => deed === 'sleep' && of === service && overlaps(act, span),
    )
  }

  reloaded({ from, to }: Span): boolean {
    const span = { from: from - NEWS, to }
    return this.witnesses.acts.some(({ deed, ...act }) => deed === 'reload' && overlaps(act, span))
  }

  /** Lines about exactly this service. */
  logged(service: string, { from, to }: Span): LogEntry[] {
    return this.witnesses.log.filter(
      (entry) => entry.service === service && entry.at >= from && entry.at <= to,
    )
  }

  /** Everything about a service and what it needs, in order, for people. */
  timeline(service: string, span: Span): string[] {
    const { acts, engine, log } = this.witnesses
    const circle = this.#circles.get(service)
    const lines: [number, string][] = []
    for (const { deed, of, from, to, note } of acts) {
      const about = of === null || circle?.containers.has(of) === true || circle?.services.has(of) === true
      if (!about || !overlaps({ from, to }, span)) continue
      lines.push([from, `soak      ${deed} ${of ?? ''}`], [to, `soak      ${deed} ${of ?? ''} done ${note}`])
    }
    for (const { at, container, action, exitCode } of engine) {
      if (circle?.containers.has(container) !== true || action.startsWith('exec_')) continue
      lines.push([at, `engine    ${container} ${action}${exitCode === null ? '' : ` ${exitCode}`}`])
    }
    for (const { at, line, service: logged } of log) {
      if (logged !== '' && !this.concerns(service, logged)) continue
      lines.push([at, `wakedock  ${line.msg}`])
    }
    return lines
      .filter(([at]) => at >= span.from && at <= span.to)
      .toSorted(([a], [b]) => a - b)
      .map(([at, text]) => `${new Date(at).toISOString().slice(11, 23)}  ${text}`)
  }

  #upset(containers: ReadonlySet<string>, span: Span): string | null {
    const act = this.witnesses.acts.find(
      ({ deed, of, ...act }) =>
        of !== null && CONTAINER_DEEDS.has(deed) && containers.has(of) && overlaps(act, span),
    )
    if (act !== undefined) return `container ${PAST[act.deed] ?? act.deed} by hand`
    const crash = this.#crashes.find(
      ({ container, at }) => containers.has(container) && overlaps({ from: at, to: at }, span),
    )
    return crash === undefined ? null : 'container crashed'
  }
}

/** A start harms nobody. */
const CONTAINER_DEEDS = new Set(['stop', 'kill', 'restart', 'pause', 'recreate'])
const ENGINE_DEEDS = new Set(['outage', 'cut', 'slow'])
const PAST: Readonly<Record<string, string>> = {
  stop: 'stopped',
  kill: 'killed',
  restart: 'restarted',
  pause: 'paused',
  recreate: 'recreated',
}

export function overlaps(a: Span, b: Span): boolean {
  return a.from <= b.to && b.from <= a.to
}
