/**
 * What a whole connection says, each of its directions read strictly: the requests a client has sent, up to the first one
 * that nobody may act on; and the answers it got, each one read as the answer to its request.
 */
import { read, valuesOf, type Message, type Unfinished } from './strict-http.ts'

export interface Asked {
  readonly requests: readonly Message[]
  /** What comes after them. broken: neither that nor anything behind it may reach an upstream. */
  readonly rest: 'nothing' | 'partial' | 'broken'
  /** What there is of a request that is not whole, once its head is and may pass. */
  readonly begun: Unfinished | null
  readonly why: string
}

/** The requests in what a client has sent. Empty lines before one are ignored (RFC 9112 section 2.2), as by Node also half ones. */
export function asked(text: string): Asked {
  const requests: Message[] = []
  for (let at = 0; ;) {
    while (text[at] === '\r' || text[at] === '\n') at++
    if (at >= text.length) return { requests, rest: 'nothing', begun: null, why: '' }
    const reading = read(text, at, 'request')
    const head = reading.type === 'whole' ? reading.message : reading.begun
    const why = head === null ? null : refusal(head)
    if (why !== null) return { requests, rest: 'broken', begun: null, why }
    if (reading.type !== 'whole')
      return {
        requests,
        rest: reading.type,
        begun: reading.begun,
        why: reading.type === 'broken' ? reading.why : '',
      }
    requests.push(reading.message)
    at = reading.message.end
  }
}

const HOST = /^(?:\[[\da-f:.]+\]|[\w.~%-]*)(?::\d{0,5})?$/i

/** Why a well-framed request must not go on, and nothing behind it either; null when it may. From design/data-path.md. */
function refusal({ line: [method, target, version], fields }: Unfinished): string | null {
  const hosts = valuesOf(fields, 'host')
  const [host] = hosts
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') return version
  if (method === 'CONNECT') return 'CONNECT'
  if (hosts.length > 1) return 'more than one Host'
  if (host === undefined && version === 'HTTP/1.1') return 'no Host'
  if (host !== undefined && !HOST.test(host)) return `Host ${JSON.stringify(host)}`
  if (target.includes('#')) return 'a fragment in the target'
  if (target.startsWith('/')) return null
  if (target === '*') return method === 'OPTIONS' ? null : 'a target of *'
  const authority = /^https?:\/\/([^/?#]+)/i.exec(target)?.[1]
  if (authority === undefined || !HOST.test(authority)) return 'a target that is no path'
  if (host !== undefined && host.toLowerCase() !== authority.toLowerCase()) return 'a target for another Host'
  return null
}

/** Path and query, as the upstream is to see them. */
export function originForm(target: string): string {
  const rest = /^https?:\/\/[^/?#]*(.*)$/i.exec(target)?.[1]
  return rest === undefined ? target : rest.startsWith('/') ? rest : `/${rest}`
}

export interface Answered {
  /** Final ones; all of them whole. */
  readonly answers: readonly Message[]
  /** Interim ones (1xx), with how many final ones came before. */
  readonly interim: readonly { readonly before: number; readonly message: Message }[]
  readonly rest: 'nothing' | 'partial' | 'broken'
  readonly begun: Unfinished | null
  readonly why: string
  /** After a 101: bytes of the other protocol. */
  readonly tunnel: string | null
}

/**
 * The answers in what a client has got. `methods`: of its requests, in order. `closed`: the connection has ended cleanly. `kind`:
 * empty lines between them are ignored, as by undici.
 */
export function answered(text: string, methods: readonly string[], closed: boolean, kind = false): Answered {
  const answers: Message[] = []
  const interim: { before: number; message: Message }[] = []
  for (let at = 0; at < text.length;) {
    if (kind && (text[at] === '\r' || text[at] === '\n')) {
      at++
      continue
    }
    const reading = read(text, at, methods[answers.length] === 'HEAD' ? 'no body' : 'response', closed)
    if (reading.type === 'broken')
      return { answers, interim, rest: 'broken', begun: reading.begun, why: reading.why, tunnel: null }
    if (reading.type === 'partial')
      return { answers, interim, rest: 'partial', begun: reading.begun, why: '', tunnel: null }
    const { message } = reading
    at = message.end
    if (message.line[1] === '101') {
      answers.push(message)
      return { answers, interim, rest: 'nothing', begun: null, why: '', tunnel: text.slice(at) }
    }
    if (message.line[1].startsWith('1')) interim.push({ before: answers.length, message })
    else answers.push(message)
  }
  return { answers, interim, rest: 'nothing', begun: null, why: '', tunnel: null }
}
