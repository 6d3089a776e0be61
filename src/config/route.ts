/**
 * Hosts and paths: the two halves of a route, brought into the one form that requests are compared with.
 */
import { isIPv4 } from 'node:net'
import { domainToASCII } from 'node:url'
import { Problem } from './problem.ts'

/** A name of the DNS with underscores, which home networks and Docker use freely. RFC 1035 section 2.3.4: 63 and 253. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/
const MAX_HOST = 253

/**
 * Lower case, without the trailing dot, international names in the form browsers send (xn--…). "*." in front stands for
 * exactly one label.
 */
export function parseHost(text: string): string | Problem {
  const shape = hostShape(text)
  if (shape) return shape
  const plain = text.toLowerCase().replace(/\.$/, '')
  const wildcard = plain.startsWith('*.')
  const name = wildcard ? plain.slice(2) : plain
  if (name.includes('*') || name === '')
    return new Problem('may have a wildcard only as its whole first label', 'write it like "*.example.com"')
  // A name that IDNA refuses becomes "", which no label matches.
  const ascii = /^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name)
  const host = wildcard ? `*.${ascii}` : ascii
  if (host.length > MAX_HOST) return new Problem(`is longer than ${MAX_HOST} characters`)
  if (ascii.split('.').every((label) => LABEL.test(label))) return host
  return new Problem('is not a host name', 'write it like blog.example.com')
}

/** The name in a certificate, and in TLS's server_name, which cannot carry an address (RFC 6066 section 3). */
export function parseServerName(text: string): string | Problem {
  const name = parseHost(text)
  if (name instanceof Problem) return name
  if (name.startsWith('*.'))
    return new Problem('must be one name: the target is told it', 'write one that the pattern covers')
  return isIPv4(name)
    ? new Problem('is an address', 'write a name that stands in the certificate of the target')
    : name
}

/** The usual mistakes, each with its own remedy. */
function hostShape(text: string): Problem | undefined {
  const bare = text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
  if (text === '') return new Problem('is empty', 'write it like blog.example.com')
  const names = text.split(/[\s,;]+/).filter(Boolean)
  if (names.length > 1) return new Problem('holds more than one name', `write a list: [${names.join(', ')}]`)
  if (/[\u201C-\u201F\u2018-\u201B\u00AB\u00BB]/.test(text))
    return new Problem('has the quotes of a word processor', 'write plain ones, or none')
  const name = bare.replace(/[/?#].*$/s, '')
  if (bare !== text)
    return new Problem('must be a host without a scheme', `write ${name.replace(/:\d*$/, '')}`)
  if (name !== bare)
    return new Problem('must be a host without a path', `write ${name}, and the path under paths`)
  if (text.startsWith('[') || text.split(':').length > 2)
    return new Problem(
      'cannot be an IPv6 address',
      'give it a name; hosts are matched by name or IPv4 address',
    )
  if (text.includes(':'))
    return new Problem('must be a host without a port', `write ${name.replace(/:.*/s, '')}`)
  return undefined
}

/** Starts with "/", no slash at the end but for "/" itself: it covers everything beneath it, by whole segments. */
export function parseRoutePath(text: string): string | Problem {
  if (text.includes('*'))
    return new Problem('must not have a wildcard', 'write /api: it covers everything beneath')
  const path = parseRequestPath(text)
  if (path instanceof Problem) return path
  if (path.includes('?'))
    return new Problem('must be a path without a query', 'remove everything from the "?" on')
  const segments = path.split('/').slice(1)
  if (segments.some((segment) => segment === '.' || segment === '..'))
    return new Problem('must not have "." or ".." in it', 'write the path that clients ask for')
  const trimmed = path.endsWith('/') ? path.slice(0, -1) : path
  if (trimmed.split('/').slice(1).includes(''))
    return new Problem('has an empty segment', 'remove the double slash')
  return trimmed || '/'
}

/** A path, perhaps with a query, as it can stand in a request line. */
export function parseRequestPath(text: string): string | Problem {
  if (!text.startsWith('/')) return new Problem('must start with a slash', `write /${text}`)
  if (text.includes('#'))
    return new Problem('must be a path without a fragment', 'remove everything from the "#" on')
  if (!/^[\x21-\x7e]+$/.test(text))
    return new Problem('has characters that a URL cannot have', 'percent-encode them')
  return text
}
