/** What keeps a service awake although nobody uses it: services that need it, a pin, its schedule. */
import type { Clock, Keep } from './ports.ts'
import { isOpen } from './schedule.ts'
import type { Schedule, Service } from './service.ts'

const MINUTE = 60_000

export class Keeping {
  readonly #clock: Clock
  /** On now(); Infinity: until it is taken off. */
  #pinnedUntil = -Infinity
  /** What the schedule said, and until when that holds, on now(). */
  #said: { readonly schedule: Schedule; readonly open: boolean; readonly until: number } | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds from now; Infinity: until unpin(). */
  pin(duration: number): void {
    this.#pinnedUntil = this.#clock.now() + duration
  }

  unpin(): void {
    this.#pinnedUntil = -Infinity
  }

  /** null: not pinned. `until`: milliseconds since the epoch. */
  get pinned(): { readonly until: number | null } | null {
    const left = this.#pinnedUntil - this.#clock.now()
    if (left <= 0) return null
    return { until: left === Infinity ? null : this.#clock.wallTime() + left }
  }

  of({ schedule }: Service, claims: number): Keep | null {
    if (claims > 0) return 'dependent'
    if (this.#pinnedUntil > this.#clock.now()) return 'pin'
    return schedule !== null && this.#look(schedule).open ? 'schedule' : null
  }

  /** When time alone may change of(); always after now. */
  changesAt({ schedule }: Service): number | null {
    const pin = this.#pinnedUntil > this.#clock.now() ? this.#pinnedUntil : Infinity
    const window = schedule === null ? Infinity : this.#look(schedule).until
    const first = Math.min(pin, window)
    return first === Infinity ? null : first
  }

  /**
   * Windows open and close on full minutes of the wall clock, so that is when to look again: no calculation of the next
   * opening has to be right over every change of the clocks, and one that is set is noticed within a minute.
   */
  #look(schedule: Schedule): { open: boolean; until: number } {
    const now = this.#clock.now()
    if (this.#said === null || this.#said.schedule !== schedule || now >= this.#said.until) {
      const wall = this.#clock.wallTime()
      this.#said = { schedule, open: isOpen(schedule, wall), until: now + MINUTE - (wall % MINUTE) }
    }
    return this.#said
  }
}
