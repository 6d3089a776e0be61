/** Before the load: does a proxy give the app's answers whole, and the app the client's bodies? Who does not is not measured. */
import { request } from 'node:http'

/** Milliseconds, a wake included. */
const DEADLINE = 20_000
const POSTED = 65_536

/** @throws Error that says what was wrong with which answer. */
export async function checkProxy(name: string, port: number, host: string): Promise<void> {
  const sizes = [
    ['/1k', 1024],
    ['/1m', 2 ** 20],
  ] as const
  for (const [path, bytes] of sizes) {
    const body = await ask(name, port, { host, path })
    if (body.length !== bytes) throw new Error(`${name} gives ${body.length} bytes for ${path}, not ${bytes}`)
  }
  const received = Number(
    (await ask(name, port, { host, path: '/post', body: Buffer.alloc(POSTED) })).toString(),
  )
  // nginx counts the head too.
  if (!(received >= POSTED)) throw new Error(`through ${name} the app got ${received} bytes, not ${POSTED}`)
}

/** Resolves to the body of a 200. */
export function ask(
  name: string,
  port: number,
  { host, path, body }: { host: string; path: string; body?: Buffer },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      method: body === undefined ? 'GET' : 'POST',
      headers: { host },
    }
    const asked = request({ ...options, agent: false, signal: AbortSignal.timeout(DEADLINE) }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => {
        const text = Buffer.concat(chunks)
        if (response.statusCode === 200) resolve(text)
        else
          reject(
            new Error(
              `${name} answers ${path} with ${response.statusCode}: ${text.toString().slice(0, 300)}`,
            ),
          )
      })
    })
    asked.once('error', reject)
    asked.end(body)
  })
}
