/**
 * Server-Sent Events out of the text of an answer
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation). Not the browser's EventSource:
 * that cannot send a token, except in the address, where it would end up in logs.
 */

export interface SseEvent {
  readonly type: string
  readonly data: string
}

export interface SseParser {
  /** The last id that was given; null: none yet. It is what a new connection names to go on after it. */
  readonly lastId: string | null
  /** Takes the next piece of text, however it was cut, and gives the events that it completes. */
  push(text: string): SseEvent[]
}

/** `lastId`: that of an earlier connection. */
export function createSseParser(lastId: string | null = null): SseParser {
  let rest = ''
  let [type, id] = ['', lastId]
  let data: string[] = []
  let last = lastId

  const line = (text: string, events: SseEvent[]): void => {
    if (text === '') {
      // An id counts even where there is no data: the server says so where a reader is.
      last = id
      if (data.length > 0) events.push({ type: type === '' ? 'message' : type, data: data.join('\n') })
      type = ''
      data = []
      return
    }
    const colon = text.indexOf(':')
    if (colon === 0) return
    const field = colon === -1 ? text : text.slice(0, colon)
    const value = colon === -1 ? '' : text.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') type = value
    else if (field === 'data') data.push(value)
    else if (field === 'id' && !value.includes('\0')) id = value
  }

  return {
    get lastId() {
      return last
    },
    push(text) {
      const events: SseEvent[] = []
      // A \r at the end may be the first half of \r\n: it waits for what follows.
      const lines = (rest + text).split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ''
      for (const each of lines) line(each, events)
      return events
    },
  }
}
