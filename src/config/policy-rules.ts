/**
 * The rules about a service's policy: options that do not fit each other, or not what is behind the service.
 */
import { READY_DEFAULTS, SERVICE_DEFAULTS } from './defaults.ts'
import type { Findings } from './fault.ts'
import { each, services, type LooseConfig, type LooseService } from './loose.ts'
import { Problem, parsed } from './problem.ts'
import { parseRoutePath } from './route.ts'
import type { Path } from './schema-node.ts'
import { parseEndTime, parseTime } from './schedule-values.ts'
import { parseDuration } from './units.ts'

/** The rules for `defaults` itself. */
export function checkDefaults({ defaults }: LooseConfig, findings: Findings): void {
  if (defaults) checkPolicy(['defaults'], defaults, findings)
}

/** The rules for all services. */
export function checkPolicies(config: LooseConfig, findings: Findings): void {
  checkTimes(config, findings)
  const { defaults } = config
  for (const [path, own] of services(config)) {
    checkPolicy(path, own, findings)
    if (own.process) checkProcess(path, own, findings)
    if (own.tls && !isSecure(own, config))
      findings.warn(
        [...path, 'tls'],
        new Problem(
          'has no effect without https',
          own.url === undefined ? 'add scheme: https, or remove it' : 'write https:// in url, or remove it',
        ),
      )
    if (own.timezone && (own.schedule ?? defaults?.schedule ?? []).length === 0)
      findings.warn(
        [...path, 'timezone'],
        new Problem('has no effect without a schedule', 'add schedule, or remove it'),
      )
  }
}

function isSecure({ url, scheme }: LooseService, { defaults }: LooseConfig): boolean {
  if (url !== undefined) return /^https:/i.test(url)
  return (scheme ?? defaults?.scheme ?? SERVICE_DEFAULTS.scheme) === 'https'
}

/** What can be said of options wherever they stand. */
function checkPolicy(path: Path, { schedule, ignore, tls }: LooseService, findings: Findings): void {
  for (const [index, window] of (schedule ?? []).entries()) {
    if (window?.from === undefined || window.to === undefined) continue
    if (parsed(parseTime(window.from)) !== parsed(parseEndTime(window.to))) continue
    findings.fault(
      [...path, 'schedule', index, 'to'],
      new Problem('is the same time as from', 'for a whole day write from: "00:00" and to: "24:00"'),
    )
  }
  if (tls) checkTls(path, tls, findings)
  for (const [text, here] of each(ignore?.paths, [...path, 'ignore', 'paths']))
    if (parsed(parseRoutePath(text)) === '/')
      findings.warn(here, new Problem('matches every request, so that none wakes a service', 'remove it'))
}

/** Said at every start and reload: what was meant for an afternoon tends to stay. */
function checkTls(path: Path, tls: NonNullable<LooseService['tls']>, findings: Findings): void {
  if (tls.insecure_skip_verify !== true) return
  findings.warn(
    [...path, 'tls', 'insecure_skip_verify'],
    new Problem(
      'is on: nobody checks who answers for the target, or who reads along',
      'put the certificate of the target, or of its authority, into a file and name that in ca_file',
    ),
  )
  if (typeof tls.ca_file === 'string')
    findings.warn(
      [...path, 'tls', 'ca_file'],
      new Problem('has no effect beside insecure_skip_verify', 'remove insecure_skip_verify'),
    )
}

/** What only a container has. From the defaults it is simply not applied. */
function checkProcess(path: Path, { sleep_mode, ready, busy }: LooseService, findings: Findings): void {
  const refuse = (where: Path, message: string, hint: string): void =>
    findings.fault([...path, ...where], new Problem(message, hint))
  if (sleep_mode === 'pause')
    refuse(['sleep_mode'], 'cannot be pause for a process', 'write stop, or remove it')
  if (ready === 'health')
    refuse(['ready'], 'cannot be health for a process, which has no HEALTHCHECK', 'use tcp or an HTTP check')
  if (typeof ready === 'object' && ready.health)
    refuse(['ready', 'health'], 'means nothing for a process, which has no HEALTHCHECK', 'remove it')
  if (busy?.network !== undefined)
    refuse(['busy', 'network'], 'cannot be measured for a process', 'use cpu, or remove it')
}

/** Times that do not fit each other. They work, so these are warnings. */
function checkTimes(config: LooseConfig, findings: Findings): void {
  for (const [path, own] of services(config)) {
    if (own.url !== undefined) continue
    const defaults = config.defaults ?? {}
    const given = (key: TimeOption): number => time(own[key] ?? defaults[key] ?? SERVICE_DEFAULTS[key])
    const warn = (key: string, message: string, hint: string): void =>
      findings.warn([...path, key], new Problem(message, hint))
    const [idle, awake, start] = [given('idle_timeout'), given('min_awake'), given('start_timeout')]
    if (given('hold_timeout') > start)
      warn('hold_timeout', 'is longer than start_timeout, when the wake is given up', 'raise start_timeout')
    if (idle > 0 && awake > idle)
      warn(
        'min_awake',
        'is longer than idle_timeout, and so decides when it sleeps',
        'lower min_awake or raise idle_timeout',
      )
    if (own.ready !== 'health' && readyTimeout(own, config) > start)
      warn('ready', 'has a timeout longer than start_timeout', 'raise start_timeout')
  }
}

type TimeOption = 'idle_timeout' | 'min_awake' | 'start_timeout' | 'hold_timeout'

/** null (no hold_timeout) compares as nothing at all. */
function time(value: string | number | null): number {
  return value === null ? 0 : parsed(parseDuration(value))
}

function readyTimeout(own: LooseService, config: LooseConfig): number {
  const timeouts = [own.ready, config.defaults?.ready].map((ready) =>
    typeof ready === 'object' ? ready.timeout : undefined,
  )
  return time(timeouts.find((timeout) => timeout !== undefined) ?? READY_DEFAULTS.timeout)
}
