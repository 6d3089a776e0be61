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
