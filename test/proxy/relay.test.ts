/** What the relay does between being made and getting a connection, which no client can time from outside. */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import { Relay } from '../../src/proxy/relay.ts'

t.test('a request whose client left while it waited for a connection is never written', async (t) => {
  const owner = {
    continued: () => {},
    responseStarting: () => {},
    finished: () => {},
    failed: () => {},
  }
  const controller = { aborted: false, paused: false, reason: null, abort() {}, pause() {}, resume() {} }
  const relay = new Relay(owner, new ServerResponse(new IncomingMessage(new Socket())))
  relay.onRequestStart(controller)
  relay.abort()
  t.throws(() => relay.onRequestStart(controller))
})

t.test('the empty chunk with which undici ends a pause is not written', async (t) => {
  const owner = {
    continued: () => {},
    responseStarting: () => {},
    finished: () => {},
    failed: () => {},
  }
  const steps: string[] = []
  const controller = {
    aborted: false,
    paused: false,
    reason: null,
    rawHeaders: [],
    abort() {},
    pause: () => void steps.push('pause'),
    resume: () => void steps.push('resume'),
  }
  const res = new ServerResponse(new IncomingMessage(new Socket()))
  res.write = (chunk: Buffer) => {
    steps.push(`write ${chunk.length}`)
    return false
  }
  const relay = new Relay(owner, res)
  let carried = 0
  relay.carried = () => carried++
  relay.onRequestStart(controller)
  relay.onResponseStart(controller, 200, {}, 'OK')
  relay.onResponseData(controller, Buffer.from('abc'))
  res.emit('drain')
  relay.onResponseData(controller, Buffer.alloc(0))
  relay.onResponseData(controller, Buffer.from('defg'))
  t.same(steps, ['write 3', 'pause', 'resume', 'write 4', 'pause'])
  t.equal(carried, 2, 'nothing is no sign of life either')
})
