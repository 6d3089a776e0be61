/** What run.ts gives a workload, and what it wants back. */

export interface WorkloadOptions {
  /** Path of the program under test: dist/main.js, as production runs it. */
  readonly main: string
  /** What is opened is hung up here, to be closed in reverse order. The same shape as tap's `t` has in tests. */
  readonly scope: { teardown(callback: () => unknown): void }
  /** One line for whoever waits; on stderr, so that stdout holds the tables only. */
  readonly progress: (line: string) => void
  /** Rounds of each measurement; default: the workload's own. */
  readonly cycles?: number
  /** Seconds until a process counts as idle; default: the workload's own. */
  readonly settle?: number
  /** Seconds of load in one turn of a contestant; default: the workload's own. */
  readonly seconds?: number
}

/** Resolves to markdown: method, tables, remarks. */
export type Workload = (options: WorkloadOptions) => Promise<string>
