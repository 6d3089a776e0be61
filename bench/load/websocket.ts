/**
 * The load of the WebSocket bench: on each connection one message at a time, and the next when it has come back as it was.
 * `node load/websocket.ts PORT CONNECTIONS SECONDS BYTES HOST` prints the line that wrk.lua prints.
 */
import { once } from 'node:events'
import { WebSocket } from 'ws'

const [port, connections, seconds, bytes, host = ''] = process.argv.slice(2)
const message = Buffer.alloc(Number(bytes), 'wakedock ')
const latencies: number[] = []
let errors = 0

const sockets = await Promise.all(Array.from({ length: Number(connections) }, open))
const from = performance.now()
const until = from + Number(seconds) * 1000
await Promise.all(sockets.map(send))
const took = (performance.now() - from) / 1000

latencies.sort((a, b) => a - b)
const at = (share: number): number =>
  Math.round((latencies[Math.floor(latencies.length * share)] ?? 0) * 1000)
const requests = latencies.length
console.log(
  JSON.stringify({
    requests,
    seconds: took,
    bytes: requests * message.length,
    p50: at(0.5),
    p99: at(0.99),
    refused: 0,
    errors,
  }),
)

/** Rejects when the upgrade is refused. */
async function open(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { host }, perMessageDeflate: false })
  await once(socket, 'open')
  return socket
}

function send(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    let asked = performance.now()
    socket.on('message', (data: Buffer) => {
      const now = performance.now()
      if (!data.equals(message)) errors += 1
      latencies.push(now - asked)
      if (now >= until) {
        socket.off('close', lost).close()
        resolve()
        return
      }
      asked = now
      socket.send(message)
    })
    // A connection that is closed before its time would only make the others faster.
    const lost = (): void => {
      errors += 1
      resolve()
    }
    socket.once('close', lost)
    socket.on('error', () => undefined)
    socket.send(message)
  })
}
