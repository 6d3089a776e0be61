/**
 * The load generator where wrk is not installed: keep-alive connections of undici, one request at a time on each. It needs
 * several times the CPU that wrk needs, so that its figures compare with each other only.
 * `node load/node.ts PORT PATH CONNECTIONS SECONDS METHOD BODY_BYTES HOST ROUTES` prints the line that wrk.lua prints.
 */
import { Pool } from 'undici'

const [port, path = '/', connections, seconds, method = 'GET', bytes, host = '', routes] =
  process.argv.slice(2)
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: Number(connections), pipelining: 1 })
const body = Number(bytes) > 0 ? Buffer.alloc(Number(bytes), 'w') : null
const hosts = Array.from({ length: Number(routes) }, (_, index) => `r${index}.${host}`)
const latencies: number[] = []
let received = 0
let refused = 0
let errors = 0

const from = performance.now()
const until = from + Number(seconds) * 1000
await Promise.all(Array.from({ length: Number(connections) }, send))
const took = (performance.now() - from) / 1000
await pool.close()

latencies.sort((a, b) => a - b)
const at = (share: number): number =>
  Math.round((latencies[Math.floor(latencies.length * share)] ?? 0) * 1000)
const requests = latencies.length
console.log(
  JSON.stringify({ requests, seconds: took, bytes: received, p50: at(0.5), p99: at(0.99), refused, errors }),
)

async function send(): Promise<void> {
  while (performance.now() < until) {
    const asked = performance.now()
    const name = hosts[Math.floor(Math.random() * hosts.length)] ?? host
    try {
      const answer = await pool.request({ path, method, body, headers: { host: name } })
      for await (const chunk of answer.body) received += (chunk as Buffer).length
      if (answer.statusCode >= 300) refused += 1
      latencies.push(performance.now() - asked)
    } catch {
      errors += 1
    }
  }
}
