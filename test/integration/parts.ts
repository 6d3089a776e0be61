/** The containers that stacks are made of here: a shell that runs until it is told otherwise, which is all a part has to do. */
import type { ContainerOptions, TestDocker } from '../helpers/docker.ts'

export interface PartOptions {
  /** Shell commands that come first; `exit 0` makes a job of it. */
  readonly first?: string
  /** Shell commands at SIGTERM, before it ends. */
  readonly atEnd?: string
  /**
   * It has a HEALTHCHECK, which passes as soon as there is a file /tmp/up. Docker itself looks at it once an hour, so whoever calls
   * it healthy has looked by itself.
   */
  readonly checked?: boolean
  readonly labels?: Readonly<Record<string, string>>
}

/** Runs until SIGTERM, or until there is a file /tmp/crash: then it ends with exit code 1. */
export function part(docker: TestDocker, options: PartOptions = {}): ContainerOptions {
  const { first = ':', atEnd = ':', checked = false, labels = {} } = options
  // Files stay over a restart.
  const script = `trap '${atEnd}; exit 0' TERM; rm -f /tmp/up /tmp/crash; ${first}
    until test -e /tmp/crash; do sleep 0.1; done; exit 1`
  const Healthcheck = { Test: ['CMD-SHELL', 'test -e /tmp/up'], Interval: 3600e9 }
  return {
    image: docker.busyboxImage,
    command: ['sh', '-c', script],
    labels,
    ...(checked && { config: { Healthcheck } }),
  }
}

export interface ComposeOptions {
  readonly project: string
  readonly service: string
  /** Default 1. */
  readonly number?: number
  /** As Compose writes it: "db:service_healthy:false,cache:service_started:false". */
  readonly dependsOn?: string
  /** Made by `compose run`. */
  readonly oneoff?: boolean
}

/** The labels by which Compose knows its containers (pkg/compose/create.go, prepareLabels). */
export function composeLabels(options: ComposeOptions): Record<string, string> {
  const { project, service, number = 1, dependsOn = '', oneoff = false } = options
  return {
    'com.docker.compose.project': project,
    'com.docker.compose.service': service,
    'com.docker.compose.container-number': String(number),
    'com.docker.compose.depends_on': dependsOn,
    'com.docker.compose.oneoff': oneoff ? 'True' : 'False',
  }
}
