/** Many requests at once, each on a connection of its own, as a proxy in front would hold them open. */
import { request } from 'node:http'

export interface Answer {
  /** On performance.now(): the head of the answer came. */
  readonly at: number
  readonly status: number
  /** It says that it was held. */
  readonly held: boolean
  /** It is what was to come back. */
  readonly intact: boolean
}

/** Of no body: GET /; else POST /echo, whose answer has to be the body. */
export function sendAll(
  to: { port: number; host: string },
  count: number,
  body: Buffer | null,
): Promise<readonly Answer[]> {
  return Promise.all(Array.from({ length: count }, () => send(to, body)))
}

/** Rejects when the connection fails: a lost request is no figure. */
function send(to: { port: number; host: string }, body: Buffer | null): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const headers = { Host: to.host, ...(body && { 'Content-Length': body.length }) }
  const how = { host: '127.0.0.1', port: to.port, headers, agent: false } as const
  const [method, path] = body === null ? ['GET', '/'] : ['POST', '/echo']
  const call = request({ ...how, method, path }, (answer) => {
    const at = performance.now()
    const chunks: Buffer[] = []
    answer.on('data', (chunk: Buffer) => chunks.push(chunk))
    answer.on('error', reject)
    answer.on('end', () => {
      const text = Buffer.concat(chunks)
      const held = String(answer.headers['server-timing'] ?? '').startsWith('wake;')
      const intact = body === null ? text.includes('hello') : text.equals(body)
      resolve({ at, status: answer.statusCode ?? 0, held, intact })
    })
  })
  call.on('error', reject)
  call.end(body ?? undefined)
  return promise
}
