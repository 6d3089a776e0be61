/**
 * The fields of a message that a proxy has to send on as they are (RFC 9110 section 7.6.1, design/data-path.md), worked out
 * a second time: nothing is shared with src/proxy/headers.ts, so that one mistake is not made on both sides.
 */
import { valuesOf, type Fields } from './strict-http.ts'

const OF_ONE_HOP = [
  'close',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
/** Written anew by WakeDock, or answered by it. */
const REWRITTEN = [
  'host',
  'content-length',
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
]

/** As lines, in order. */
export function sentOn(fields: Fields): string[] {
  const nominated = valuesOf(fields, 'connection').flatMap((value) =>
    value
      .toLowerCase()
      .split(',')
      .map((each) => each.trim()),
  )
  const left = new Set([...OF_ONE_HOP, ...REWRITTEN, ...nominated])
  return (
    fields
      // With "_" for "-" some of them would be read as the rewritten ones (CGI).
      .filter(([name]) => !left.has(name.toLowerCase()) && !isDisguised(name))
      .map(([name, value]) => `${name}: ${value}`)
  )
}

const isDisguised = (name: string): boolean =>
  name.includes('_') && /^(?:x-forwarded-(?:for|host|proto)|forwarded)$/i.test(name.replaceAll('_', '-'))

/** The same of a message that has come through WakeDock, without the line it adds as the last Via. null: it has not been added. */
export function arrived(fields: Fields): string[] | null {
  const lines = sentOn(fields)
  const at = lines.findLastIndex((line) => /^via:/i.test(line))
  return /: 1\.[01] wakedock$/.test(lines[at] ?? '') ? lines.toSpliced(at, 1) : null
}

/** Fields that only concern the hop before, and yet are here. */
export function leftOver(fields: Fields): string[] {
  return fields
    .filter(([name, value]) => {
      const key = name.toLowerCase()
      if (key === 'te') return value !== 'trailers'
      if (key === 'connection') return !/^(?:keep-alive|close|upgrade)$/i.test(value)
      return key === 'proxy-connection' || key === 'proxy-authorization' || key === 'keep-alive'
    })
    .map(([name, value]) => `${name}: ${value}`)
}
