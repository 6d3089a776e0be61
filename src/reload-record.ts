/** What is known of the config over time: which text is in force and since when, and why the last reload changed nothing. */
import { formatFault, type Fault, type LoadResult } from './config/load.ts'
import { redactedDocument } from './config/redacted.ts'
import type { Secret, Settings } from './config/settings.ts'
import { describeChange, needsRestart } from './reload.ts'

/** Times are milliseconds since the epoch. */
export interface ConfigRecord {
  state(): {
    readonly file: string
    readonly loadedAt: number
    readonly refused: { readonly at: number; readonly faults: readonly string[] } | null
    readonly warnings: readonly string[]
  }
  /** What is in force, as it is written, without its secrets. */
  document(): Promise<unknown>
  /** What a reload would do now; changes nothing. `objection`: why it would not take over a sound config; null: it would. */
  validate(
    load: () => Promise<LoadResult>,
    objection: (settings: Settings) => string | null,
  ): Promise<Foreseen>
  taken(text: Secret, warnings: readonly Fault[]): void
  refused(faults: readonly string[]): void
}

type Foreseen =
  | { readonly ok: true; readonly changes: string[]; readonly warnings: string[] }
  | { readonly ok: false; readonly faults: string[] }

export interface FirstConfig {
  readonly text: Secret
  readonly warnings: readonly Fault[]
}

/** `settings`: those in force, asked for when they are needed. */
export function createConfigRecord(
  first: FirstConfig,
  settings: () => Settings,
  clock: { wallTime(): number },
): ConfigRecord {
  let inForce = first
  let loadedAt = clock.wallTime()
  let refused: { at: number; faults: readonly string[] } | null = null
  return {
    state: () => ({
      file: settings().file,
      loadedAt,
      refused,
      warnings: inForce.warnings.map(formatFault),
    }),
    document: () => Promise.resolve(redactedDocument(inForce.text.reveal())),
    async validate(load, objection) {
      const config = await load()
      if (!config.ok) return { ok: false, faults: config.faults.map(formatFault) }
      const refusal = objection(config.settings)
      if (refusal !== null) return { ok: false, faults: [refusal] }
      const before = settings()
      const restart = needsRestart(before, config.settings).map(
        (key) => `${key} has changed; it takes effect when WakeDock is started again`,
      )
      const changes = [...describeChange(before, config.settings), ...restart]
      return { ok: true, changes, warnings: config.warnings.map(formatFault) }
    },
    taken(text, warnings) {
      inForce = { text, warnings }
      loadedAt = clock.wallTime()
      refused = null
    },
    refused(faults) {
      refused = { at: clock.wallTime(), faults }
    },
  }
}
