/**
 * Reads the rest of a request's body and throws it away, within bounds. Used where an answer is complete before the request
 * is: the connection can only be used again, or closed without a reset, once the rest has been taken off it.
 */
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../domain/ports.ts'

/** Bytes and milliseconds. A client that is told "no" and still sends this much, or this slowly, is cut off. */
const MAX_BYTES = 1024 * 1024
const MAX_TIME = 2000

/** Calls back once: with true at the body's end, with false at a bound or when the client is gone. */
export function discardRest(req: IncomingMessage, clock: Clock, done: (whole: boolean) => void): void {
  if (req.readableEnded || req.destroyed) {
    done(req.readableEnded)
    return
  }
  let seen = 0
  const finish = (whole: boolean): void => {
    timer.cancel()
    req.off('data', count).off('end', ended).off('close', cut)
    done(whole)
  }
  const count = (chunk: Buffer): void => {
    seen += chunk.length
    if (seen > MAX_BYTES) finish(false)
  }
  const ended = (): void => finish(true)
  const cut = (): void => finish(false)
  const timer = clock.setTimer(MAX_TIME, cut)
  req.on('data', count).on('end', ended).on('close', cut).resume()
}
