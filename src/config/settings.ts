/**
 * What the config file says, in the terms the parts use: plain units, absolute paths, secrets resolved. Made by load.ts
 * from a document that the schema has accepted.
 */
import type { ContainerTarget, Service } from '../domain/service.ts'
import type { DefaultsConfig } from './policy-schema.ts'
import type { ComposeName } from './values.ts'

/** A listen address. */
export type Listen =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/**
 * A string that cannot be printed by accident: every usual way of turning it into text gives `[redacted]`.
 * `reveal()` is the one way in.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[redacted]'
  }

  toJSON(): string {
    return '[redacted]'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]'
  }
}

export type Scope = 'read' | 'operate'

export interface Token {
  readonly name: string
  readonly token: Secret
  readonly scope: Scope
}

/** How requests reach a container. */
export type Reached = Pick<ContainerTarget, 'port' | 'scheme' | 'tls' | 'addressed'>

/** What the files named by `ca_file` hold, as PEM, by the names that the config gives them. */
export type Authorities = ReadonlyMap<string, string>

/** A service made from a Compose project, whose containers only the engine knows. */
export interface ComposeStack extends ComposeName {
  /** Name of the service in Settings.services; its group has no parts there yet. */
  readonly owner: string
  /** How its main part gets the requests. */
  readonly reached: Reached
}

/** What a webhook can be told of. failed: a wake or a stop. */
export type WebhookEvent = 'woke' | 'slept' | 'failed' | 'reload_refused'

export interface Webhook {
  /** http or https; may carry credentials, and is one as a whole for services such as Discord. */
  readonly url: Secret
  readonly events: readonly WebhookEvent[]
  /** What json is signed with; null: it is not. */
  readonly secret: Secret | null
  readonly format: 'json' | 'ntfy' | 'discord'
}

export interface Settings {
  /** Absolute path of the file these settings come from. */
  readonly file: string
  readonly listen: readonly Listen[]
  /** CIDRs whose X-Forwarded-* are believed; names such as private_ranges are expanded. */
  readonly trustedProxies: readonly string[]
  readonly admin: { readonly listen: Listen; readonly tokens: readonly Token[] }
  readonly limits: {
    /** Requests that may wait at once, all services together. */
    readonly heldRequests: number
    /** Bytes of held requests' bodies kept in memory, all together. */
    readonly heldBodyMemory: number
  }
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error'
    readonly format: 'auto' | 'pretty' | 'json'
    /** One line a request. */
    readonly access: boolean
  }
  readonly docker: {
    /** unix:///path, tcp://host:port or http(s)://host:port. DOCKER_HOST is already applied. */
    readonly host: string
    /** Network on which containers are reached; null: one that WakeDock shares with them, else any. */
    readonly network: string | null
  }
  readonly webhooks: readonly Webhook[]
  /**
   * Those of the file, in its order, each followed by the parts of its `containers`. config/discover.ts adds to them what only the
   * engine knows; they alone are no complete set while `compose` is not empty.
   */
  readonly services: readonly Service[]
  readonly compose: readonly ComposeStack[]
  /**
   * Containers may declare services by labels, with these defaults (in the words of the file) and the files that these name; null:
   * they may not.
   */
  readonly labelled: { readonly defaults: DefaultsConfig; readonly authorities: Authorities } | null
}
