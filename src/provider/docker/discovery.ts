/**
 * Keeps the list of the containers that services are made from: those of the Compose projects that the config names, and those
 * that carry wakedock.enable=true. It is asked for at every connect and after every event that may have changed it; an
 * event alone is never believed, because events can be missing.
 */
import { toTargetError } from '../../errors.ts'
import type { TargetError } from '../../errors.ts'
import type { Clock, FoundContainer, Timer } from '../../domain/ports.ts'
import type { Listed } from './container.ts'
import type { Engine } from './engine.ts'
import type { Change } from './events.ts'

/** What has to be listed. */
export interface Wanted {
  /** Names of Compose projects. */
  readonly projects: readonly string[]
  /** Everything with the label wakedock.enable=true, too. */
  readonly labelled: boolean
}

export interface Hearing {
  /** All of them, by name. Called when it differs from the last time, and never from within a call of `discover`. */
  heard(found: readonly FoundContainer[]): void
  /** They cannot be listed. Once, until they can again. */
  failed(error: TargetError): void
}

/** Label that Compose sets. */
const PROJECT = 'com.docker.compose.project'
const ENABLE = 'wakedock.enable'

/** After these actions a list may be another one. Labels never change in place. */
const ACTIONS = new Set(['create', 'rename', 'destroy'])
/** Milliseconds. `docker compose up` makes all its containers within less: one list is enough for them. */
const GATHER = 100
/** Milliseconds, after a list that failed while the engine as a whole answers. */
const RETRY = 1000

export class Discovery {
  readonly #engine: Engine
  readonly #clock: Clock
  #wanted: Wanted | null = null
  #hearing: Hearing | null = null
  #up = false
  /** The list last told, and the names in it; null: none yet. */
  #told: string | null = null
  #names = new Set<string>()
  #failed = false
  /** What is wanted has been listed since the connection, or never will be. */
  #settled = false
  /** The list under way. One at a time: what comes in between makes it list again. */
  #listing: Promise<void> | null = null
  #again = false
  #due: Timer | null = null

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  get wants(): boolean {
    return this.#wanted !== null
  }

  /**
   * What is wanted is not known yet: nobody can tell whether what is started needs others, so it had better wait. What Docker
   * refuses to list is not waited for.
   */
  get pending(): boolean {
    return this.#wanted !== null && !this.#settled
  }

  /** null: nothing. Other wants than before are listed at once, if connected. */
  want(wanted: Wanted | null, hearing: Hearing): void {
    const same = JSON.stringify(wanted) === JSON.stringify(this.#wanted)
    this.#hearing = hearing
    if (same) return
    this.#wanted = wanted
    this.#failed = false
    this.#settled = false
    if (wanted === null) this.#told = null
    void this.list()
  }

  /** The engine answers (again). Resolves when the list is told, or has failed for now. Never rejects. */
  connected(): Promise<void> {
    this.#up = true
    return this.list()
  }

  disconnected(): void {
    this.#up = false
    this.#settled = false
    this.#due?.cancel()
    this.#due = null
  }

  /** Asks again. Never rejects. */
  list(): Promise<void> {
    if (!this.#up || this.#wanted === null) return Promise.resolve()
    this.#due?.cancel()
    this.#due = null
    this.#again = true
    this.#listing ??= this.#run()
    return this.#listing
  }

  /** Something has happened to a container. */
  changed({ action, labels, names }: Change): void {
    if (!this.#up || this.#wanted === null || !ACTIONS.has(action)) return
    const { projects, labelled } = this.#wanted
    const known = names.some((name) => this.#names.has(name))
    const wanted = projects.includes(labels[PROJECT] ?? '') || (labelled && labels[ENABLE] === 'true')
    if (known || wanted) this.#later(GATHER)
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    while (this.#again && this.#up && this.#wanted !== null) {
      this.#again = false
      const wanted = this.#wanted
      try {
        const found = await this.#ask(wanted)
        if (wanted !== this.#wanted) continue
        this.#failed = false
        this.#settled = true
        this.#tell(found)
      } catch (error) {
        if (this.#again || !this.#up) continue
        this.#later(RETRY)
        const why = toTargetError(error, 'unreachable')
        if (!this.#failed) this.#hearing?.failed(why)
        this.#failed = true
        if (why.reason === 'refused') this.#settled = true
      }
    }
    this.#listing = null
  }

  async #ask({ projects, labelled }: Wanted): Promise<FoundContainer[]> {
    const labels = [...new Set(projects)].map((project) => `${PROJECT}=${project}`)
    if (labelled) labels.push(`${ENABLE}=true`)
    const lists = await Promise.all(labels.map((label) => this.#engine.list(label)))
    const byId = new Map(lists.flat().map((each) => [each.Id, each]))
    return [...byId.values()].flatMap(read).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  #tell(found: readonly FoundContainer[]): void {
    const text = JSON.stringify(found)
    if (text === this.#told) return
    this.#told = text
    this.#names = new Set(found.map(({ name }) => name))
    this.#hearing?.heard(found)
  }

  #later(ms: number): void {
    this.#due ??= this.#clock.setTimer(ms, () => void this.list())
  }
}

/** None for one that is just being removed: it has no name any more. */
function read({ Names, Labels, Created }: Listed): FoundContainer[] {
  const own = Names?.map((name) => name.replace(/^\//, '')).find((name) => !name.includes('/'))
  return own === undefined ? [] : [{ name: own, labels: { ...Labels }, created: Created }]
}
