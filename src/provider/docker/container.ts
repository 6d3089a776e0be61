/**
 * What WakeDock reads of a container: the few fields of Docker's answers (mostly `GET /containers/{id}/json`) it relies on, all
 * of which Engine API 1.41 and Podman's compatible API have.
 */
export interface Endpoint {
  readonly NetworkID?: string
  readonly Gateway?: string
  readonly IPAddress?: string
  readonly IPv6Gateway?: string
  readonly GlobalIPv6Address?: string
}

export interface Binding {
  readonly HostIp?: string
  readonly HostPort?: string
}

/** A container's own check of its health. */
export interface Healthcheck {
  /** `CMD` and arguments, or `CMD-SHELL` and a line for the shell; `NONE` or nothing: there is no check. */
  readonly Test?: readonly string[] | null | undefined
  /** Nanoseconds; 0: Docker's default. */
  readonly Timeout?: number | undefined
}

/** Of everything Docker says. Absent, empty and null are alike: engines differ there. */
export interface Container {
  readonly Id: string
  /** With a leading slash in Docker. */
  readonly Name: string
  readonly RestartCount?: number
  readonly State: {
    readonly Status: string
    readonly ExitCode?: number
    readonly OOMKilled?: boolean
    readonly StartedAt?: string
    readonly Health?: { readonly Status?: string } | null | undefined
  }
  readonly Config: {
    readonly ExposedPorts?: Readonly<Record<string, unknown>> | null
    /** The image's, where the container itself names none (moby: daemon/commit.go, merge). */
    readonly Healthcheck?: Healthcheck | null | undefined
    /** It has a terminal. */
    readonly Tty?: boolean | undefined
    /** What shell forms are run with; the image's SHELL. */
    readonly Shell?: readonly string[] | null | undefined
  }
  readonly HostConfig: { readonly NetworkMode?: string | undefined }
  readonly NetworkSettings: {
    readonly Ports?: Readonly<Record<string, readonly Binding[] | null>> | null
    readonly Networks?: Readonly<Record<string, Endpoint>> | null
  }
}

/** Of `GET /containers/json`. */
export interface Listed {
  readonly Id: string
  /** With leading slashes. A link's alias has a second one. */
  readonly Names?: readonly string[] | null
  readonly Labels?: Readonly<Record<string, string>> | null
  /** Seconds since the epoch. */
  readonly Created: number
}

/** Of `GET /containers/{id}/stats`. Both cgroup versions give these. */
export interface Stats {
  /** The year 1 when the container does not run. */
  readonly read?: string
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } }
  readonly networks?: Readonly<Record<string, { readonly rx_bytes?: number; readonly tx_bytes?: number }>>
  readonly memory_stats?: {
    readonly usage?: number
    /** In the words of the cgroup version: `total_inactive_file` is of the first, `inactive_file` of the second. */
    readonly stats?: Readonly<Record<string, number>>
  }
}

export function nameOf(container: Pick<Container, 'Name'>): string {
  return container.Name.replace(/^\//, '')
}

/**
 * Docker takes what stands in the URL for an id, a name or the beginning of an id, in this order: with no container
 * `db`, a question about `db` is answered for any container whose id begins with those two hex digits. So the
 * name is compared, and verbs are sent to the id.
 */
export function isNamed(container: Container, name: string): boolean {
  return nameOf(container) === name.replace(/^\//, '')
}

/** One run of a container: a restart, even by Docker itself, and a recreate are another one. */
export function generation(container: Container): string {
  return `${container.Id}@${container.State.StartedAt ?? ''}`
}
