/** One call of the engine's API by bare node:http: what the floors are made of. */
import { request } from 'node:http'

/**
 * Resolves to the body of the answer. Rejects for every status but 200, 201 and 204: a start that is answered "not modified" would
 * mean that the cycle measured nothing.
 */
export function callEngine(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = body === undefined ? '' : JSON.stringify(body)
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(sent) }
  const options = { socketPath, path: `/v1.41${path}`, method, headers, agent: false } as const
  const call = request(options, (answer) => {
    const chunks: Buffer[] = []
    answer.on('data', (chunk: Buffer) => chunks.push(chunk))
    answer.on('error', reject)
    answer.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      if ([200, 201, 204].includes(answer.statusCode ?? 0)) resolve(text)
      else reject(new Error(`the engine answers ${answer.statusCode} to ${method} ${path}: ${text}`))
    })
  })
  call.on('error', reject)
  call.end(sent)
  return promise
}
