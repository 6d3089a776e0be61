/** A WebSocket to the app's echo: some messages, each answered, and a proper goodbye. */
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { hostOf } from '../integration/wakedock.ts'
import { broken, refusal, type Draft, type Outcome, type Watch } from './request.ts'

/** Messages in a second. */
const RATE = 5

/** Never rejects. */
export function talk(port: number, draft: Draft, watch: Watch): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const ws = new WebSocket(`ws://127.0.0.1:${port}/ws`, {
    headers: { host: hostOf(draft.service), 'x-request-id': draft.id },
    perMessageDeflate: false,
  })
  let said = 0
  let heard = 0
  watch.signal.addEventListener('abort', () => ws.terminate())

  const speak = async (): Promise<void> => {
    for (let n = 0; n < draft.length * RATE && ws.readyState === WebSocket.OPEN; n++) {
      ws.send(`${draft.id} ${n}`)
      said++
      await delay(1000 / RATE)
    }
    if (ws.readyState === WebSocket.OPEN) ws.close(1000)
  }
  ws.on('open', () => {
    watch.answering()
    void speak()
  })
  ws.on('message', (message: Buffer) => {
    if (message.toString() === `${draft.id} ${heard}`) heard++
    else resolve({ type: 'wrong', why: `a message that was not sent: ${message.toString()}` })
  })
  ws.on('unexpected-response', (_, answer) => {
    watch.answering()
    const { statusCode = 0, headers } = answer
    void text(answer).then(
      (body) =>
        resolve(
          refusal(statusCode, headers['proxy-status'], Buffer.from(body)) ?? {
            type: 'wrong',
            why: `status ${statusCode}`,
          },
        ),
      (error: unknown) => resolve(broken(error, watch.signal)),
    )
  })
  ws.on('error', (error) => resolve(broken(error, watch.signal)))
  // 1006 stands for a connection that ended without a goodbye (RFC 6455 section 7.1.5). With one, nothing may be missing.
  ws.on('close', (code) => {
    if (code === 1006) resolve(broken(new Error('the connection ended without a goodbye'), watch.signal))
    else if (heard === said && said === draft.length * RATE) resolve({ type: 'answered' })
    else resolve({ type: 'wrong', why: `closed with ${code} after ${heard} answers to ${said} messages` })
  })
  return promise
}
