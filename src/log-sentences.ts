/**
 * The sentences of the log: what happened in the core, said to somebody who runs WakeDock and has not read its code.
 * Pure, so that a test is a table of events and lines.
 */
import { formatDuration, formatSeconds } from './duration.ts'
import type { DomainEvent, Keep, SleepReason, WakeTrigger } from './domain/ports.ts'
import type { TargetError } from './errors.ts'

export interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly text: string
  readonly fields?: Readonly<Record<string, unknown>>
}

export const WAKE_WHY = {
  request: 'a request came',
  operator: 'an operator ordered it',
  external: 'it was started by hand',
  dependent: 'another service needs it',
  pin: 'it is pinned',
  // It has opened, or something ended the service while it was open.
  schedule: 'its schedule wants it awake',
} as const satisfies Record<WakeTrigger, string>

export const SLEEP_WHY = {
  operator: 'an operator ordered it',
  unneeded: 'nothing needs it any more',
} as const satisfies Record<Exclude<SleepReason, 'idle'>, string>

/** Wakes that no request is behind: what wants the service awake wakes it again, not the next visitor. */
const KEPT: ReadonlySet<WakeTrigger> = new Set<Keep>(['dependent', 'pin', 'schedule'])

/** The line for an event; null for what happens at every request. */
export function describe(event: DomainEvent): Line | null {
  switch (event.type) {
    case 'wake_started':
      return {
        level: 'info',
        text: `${event.service} is waking: ${WAKE_WHY[event.trigger]}`,
        fields: { trigger: event.trigger },
      }
    case 'wake_finished':
      return wakeFinished(event)
    case 'sleep_started': {
      const why =
        event.reason === 'idle' ? `idle for ${formatDuration(event.idleMs)}` : SLEEP_WHY[event.reason]
      const fields = { reason: event.reason, idle_ms: rounded(event.idleMs) }
      return { level: 'info', text: `${event.service} goes to sleep: ${why}`, fields }
    }
    case 'sleep_finished': {
      const fields = { reason: event.reason, outcome: event.outcome, took_ms: rounded(event.tookMs) }
      const took = formatDuration(event.tookMs)
      if (event.outcome === 'stopped') {
        return { level: 'info', text: `${event.service} is asleep, after ${took}`, fields }
      }
      const text = `${event.service} could not be put to sleep${because(event.error)}`
      return { level: 'error', text, fields: { ...fields, ...failure(event.error) } }
    }
    case 'target_changed': {
      const cut = event.inFlight > 0 ? `, while ${count(event.inFlight, 'request')} used it` : ''
      return {
        level: event.inFlight > 0 ? 'warn' : 'info',
        text: `${event.service}: its target ${event.what}${cut}`,
        fields: { what: event.what, in_flight: event.inFlight },
      }
    }
    case 'sleep_postponed':
      return sleepPostponed(event)
    case 'adopted': {
      // A part of a stack ("blog/db") has no idle time of its own: it sleeps when nothing needs it.
      const timeout = event.service.includes('/') ? '' : ' with a full idle timeout'
      return { level: 'info', text: `${event.service} was running already: taken over${timeout}` }
    }
    case 'provider_lost': {
      const text = `${event.provider} does not answer${because(event.error)} WakeDock keeps trying.`
      return { level: 'error', text, fields: failure(event.error) }
    }
    case 'provider_back':
      return { level: 'info', text: `${event.provider} answers again` }
    // The start and each reload say it for all services in one line.
    case 'service_added':
      return { level: 'debug', text: `${event.service} was added` }
    case 'service_removed':
      return { level: 'debug', text: `${event.service} was removed` }
    case 'state':
      return { level: 'debug', text: `${event.service}: ${event.from} -> ${event.to}` }
    case 'hold_ended':
    case 'upstream_serving':
    case 'upstream_retired':
      break
  }
  return null
}

function wakeFinished(event: Extract<DomainEvent, { type: 'wake_finished' }>): Line {
  const total = event.startMs + event.readyMs
  const fields = {
    trigger: event.trigger,
    outcome: event.outcome,
    start_ms: rounded(event.startMs),
    ready_ms: rounded(event.readyMs),
    total_ms: rounded(total),
    held: event.held,
  }
  // The phases are compared with each other and with their sum, so all three are in one unit.
  const unit = total < 1000 ? formatDuration : formatSeconds
  const waiting =
    event.held > 0 ? `, ${count(event.held, 'request')} ${event.held === 1 ? 'was' : 'were'} waiting` : ''
  if (event.outcome === 'ready') {
    const phases = `start ${unit(event.startMs)}, ready ${unit(event.readyMs)}`
    return {
      level: 'info',
      text: `${event.service} is ready after ${unit(total)} (${phases})${waiting}`,
      fields,
    }
  }
  const verb = event.outcome === 'timeout' ? 'was not ready in time' : 'failed to wake'
  return {
    level: 'error',
    text: `${event.service} ${verb} after ${unit(total)}${waiting}${because(event.error)} ${again(event)}`,
    fields: { ...fields, ...failure(event.error), retry_in_ms: rounded(event.retryIn) },
  }
}

function again({ trigger, retryIn }: Extract<DomainEvent, { type: 'wake_finished' }>): string {
  const after = formatDuration(retryIn)
  if (KEPT.has(trigger)) {
    return retryIn > 0
      ? `It is tried again after ${after}, if it is still needed.`
      : 'It is tried again if it is still needed.'
  }
  return retryIn > 0 ? `The first request after ${after} tries again.` : 'The next request tries again.'
}

/** At most one a minute and service (the core asks no more often), so every one of them may be a line. */
function sleepPostponed(event: Extract<DomainEvent, { type: 'sleep_postponed' }>): Line {
  const { service, cpu, network, error } = event
  const fields = { cpu, network }
  if (error !== null) {
    const text = `${service} is not put to sleep yet, because nothing says whether it works${because(error)}`
    return { level: 'warn', text, fields: { ...fields, ...failure(error) } }
  }
  const rates = [
    ...(cpu === null ? [] : [`CPU ${Number((cpu * 100).toFixed(cpu < 0.1 ? 1 : 0))} %`]),
    ...(network === null ? [] : [`network ${formatRate(network)}`]),
  ]
  return { level: 'info', text: `${service} is not put to sleep yet: it works (${rates.join(', ')})`, fields }
}

/** Bytes a second, three figures at most: `812 B/s`, `120 KiB/s`, `1.5 MiB/s`. */
function formatRate(bytes: number): string {
  const [unit, size] =
    bytes < 1000 ? ['B', 1] : bytes < 1000 * 1024 ? ['KiB', 1024] : (['MiB', 1024 ** 2] as const)
  const amount = bytes / size
  return `${Number(amount.toFixed(size > 1 && amount < 10 ? 1 : 0))} ${unit}/s`
}

/** What happened and what to do about it, as the end of one sentence and a second one. */
function because(error: TargetError | null): string {
  return error === null ? '.' : `: ${sentence(error.message)} ${sentence(error.hint)}`
}

function sentence(text: string): string {
  return /[.!?]$/u.test(text) ? text : `${text}.`
}

function failure(error: TargetError | null): Record<string, string> {
  return error === null ? {} : { reason: error.reason, error: error.message, hint: error.hint }
}

/** `1 request`, `2 requests`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** Fractions of a microsecond are noise in a log. */
export function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
