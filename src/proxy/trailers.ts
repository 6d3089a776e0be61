/**
 * Trailer fields, in both directions: those that may follow a body, and the names that may be announced for them.
 */
import { FORWARDED, HOP_BY_HOP, NEVER_NOMINATED, nominatedIn, text, type RawField } from './headers.ts'

/**
 * What must not come after the body, where no check of the head has seen it and some apps mix it into the head (RFC 9110 section
 * 6.5.1; the classes are RFC 7230 section 4.1.2's). Framing, hops and addresses are in headers.ts; here are who asks, how, and
 * what the body is.
 */
const NEVER_TRAILING: ReadonlySet<string> = new Set(
  (
    'authorization cookie set-cookie www-authenticate authentication-info cache-control expect max-forwards pragma range ' +
    'if-match if-none-match if-modified-since if-unmodified-since if-range age expires date location retry-after vary ' +
    'content-encoding content-type content-range trailer via'
  ).split(' '),
)

/**
 * The fields as pairs, without what may not be one. `head`: the raw headers of the same message, whose Connection also names
 * trailer fields that stay here (RFC 9110 section 7.6.1).
 */
export function trailerPairs(raw: readonly RawField[], head: readonly RawField[]): [string, string][] {
  const nominated = nominatedIn(head.map(text))
  const out: [string, string][] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = text(raw[i])
    if (mayTrail(name, nominated)) out.push([name, text(raw[i + 1])])
  }
  return out
}

/** The value of Trailer to send on: what a request announces, without what may not be a trailer field; '' when nothing is left. */
export function announcedTrailers(raw: readonly string[]): string {
  const nominated = nominatedIn(raw)
  const names: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]?.toLowerCase() === 'trailer') names.push(...(raw[i + 1] ?? '').split(','))
  }
  return names
    .map((name) => name.trim())
    .filter((name) => name !== '' && mayTrail(name, nominated))
    .join(', ')
}

function mayTrail(name: string, nominated: ReadonlySet<string> | null): boolean {
  const lower = name.toLowerCase()
  // "_" and "-" are one to many an app, see requestHeaders().
  const key = lower.replaceAll('_', '-')
  return (
    !HOP_BY_HOP.has(key) &&
    !NEVER_NOMINATED.has(key) &&
    !NEVER_TRAILING.has(key) &&
    !FORWARDED.has(key) &&
    nominated?.has(lower) !== true
  )
}
