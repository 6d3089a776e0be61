/**
 * The signature of a webhook, as the Standard Webhooks specification has it (standardwebhooks.com; its verifiers exist for a dozen
 * languages, so nobody has to write one for us). Over the id and the time as well, not the body alone: whoever once
 * recorded a request cannot send it again later, and the id that all tries of one event share tells a second arrival.
 */
import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'

/** The key that a secret stands for: "whsec_" and base64, as their libraries take it; any other text is its own bytes. */
function keyOf(secret: string): Buffer {
  return secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : Buffer.from(secret)
}

/**
 * The value of `webhook-signature`: "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body".
 * @param timestamp seconds since the epoch, as in `webhook-timestamp`
 */
export function sign(secret: string, id: string, timestamp: number, body: string): string {
  const mac = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`)
  return `v1,${mac.digest('base64')}`
}
