/** What a bench of the data path asks of a proxy. */
import type { Core, Place, Scope } from '../program.ts'

export interface Contestant {
  readonly name: string
  /** null: it is not installed on this machine. */
  version(): string | null
  /** Resolves when it accepts connections. */
  start(scope: Scope, setup: Setup): Promise<RunningProxy>
}

export interface Setup {
  /** Port of the app, on 127.0.0.1. */
  readonly upstream: number
  /** The hosts of each service: every service has its own group of them, and all lead to the one app. */
  readonly services: readonly (readonly string[])[]
  readonly core: Core
  /** dist/main.js. */
  readonly main: string
}

export interface RunningProxy {
  readonly port: number
  /** None: there is no proxy. In a chain there are two. */
  readonly pids: readonly number[]
}

export interface NamedProxy extends RunningProxy {
  readonly name: string
}

/** A proxy that listens on a unix socket or a port, for a chain. */
export interface Hop {
  readonly place: Place
  readonly pid: number
}
