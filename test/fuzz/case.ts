/** One case of the fuzz: everything that is sent, as data. The same seed and number give the same case, on any machine. */
import { Random } from '../soak/random.ts'
import { answer } from './answer-grammar.ts'
import { mutate, split } from './mutate.ts'
import { request } from './request-grammar.ts'

/** How the upstream answers a request that it has read. */
export const STYLES = [
  'length',
  'chunked',
  'trailers',
  'empty',
  'not modified',
  'interim',
  'close',
  'early',
  'large',
] as const
export type Style = (typeof STYLES)[number]

export interface Case {
  /** request: a client's bytes are odd, the upstream is as it should be. answer: the other way round. */
  readonly odd: 'request' | 'answer'
  /** The odd side's bytes, one write each. */
  readonly pieces: readonly string[]
  /**
   * What the odd side does after its last piece: waits (for its answers, or for the next request), ends its direction, or
   * breaks the connection.
   */
  readonly end: 'wait' | 'close' | 'break'
  /** Of the upstream, in a request case. */
  readonly style: Style
  /** Of the client's one request, in an answer case. */
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** The service is asleep at first. */
  readonly held: boolean
  /** Nothing was made wrong: all of it has to arrive. */
  readonly right: boolean
}

export function makeCase(seed: number, number: number): Case {
  const random = new Random(seed, `case ${number}`)
  const odd = random.chance(0.65) ? 'request' : 'answer'
  const right = random.chance(0.1)
  const method = random.pick(['GET', 'GET', 'HEAD', 'POST'] as const)
  const wild = right ? 0 : random.pick([0, 0.1, 0.3, 0.6])
  let text = ''
  if (odd === 'answer') text = answer(random, `${method} ${pathOf(number)}`, wild)
  else for (let i = random.pick([1, 1, 2, 2, 3]); i > 0; i--) text += request(random, `${number}-${i}`, wild)
  if (!right && (wild === 0 || random.chance(0.3))) text = mutate(random, text)
  const pieces = split(random, text)
  const end = right ? 'wait' : random.pick(['wait', 'wait', 'wait', 'close', 'break'] as const)
  return { odd, pieces, end, style: random.pick(STYLES), method, held: random.chance(0.15), right }
}

/** Target of the client's request in an answer case. */
export const pathOf = (number: number | string): string => `/answer-${number}`
