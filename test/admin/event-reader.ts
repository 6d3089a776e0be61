/** A reader of Server-Sent Events, as strict as a browser about their form. */
import type { Test } from 'tap'
import { request } from 'undici'

export interface Block {
  readonly id?: string
  readonly event?: string
  readonly data?: unknown
  /** What comes after ":" on a line of its own. */
  readonly comment?: string
  readonly retry?: string
}

export interface Reader {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly blocks: readonly Block[]
  /** The events among them: "woke blog". */
  readonly told: readonly string[]
  /** Resolves once so many blocks have come. */
  until(count: number): Promise<void>
  /** Settles when the answer ends. true: properly. */
  readonly ended: Promise<boolean>
  leave(): void
}

export async function readEvents(
  t: Pick<Test, 'teardown'>,
  url: string,
  query = '',
  headers: Record<string, string> = {},
): Promise<Reader> {
  const gone = new AbortController()
  const answer = await request(`${url}/api/v1/events${query}`, { headers, signal: gone.signal })
  t.teardown(() => gone.abort())
  const blocks: Block[] = []
  const waiting = new Set<() => void>()
  const ended = (async () => {
    let text = ''
    try {
      for await (const chunk of answer.body.setEncoding('utf8')) {
        text += String(chunk)
        const parts = text.split('\n\n')
        text = parts.pop() ?? ''
        blocks.push(...parts.map(parse))
        for (const look of waiting) look()
      }
      return true
    } catch {
      return false
    }
  })()
  return {
    status: answer.statusCode,
    headers: answer.headers,
    blocks,
    get told() {
      return blocks.flatMap(({ event, data }) => (event === undefined ? [] : [name(event, data)]))
    },
    until: (count) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (blocks.length < count) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
        void ended.then(() => reject(new Error(`it ended after ${blocks.length} blocks, not ${count}`)))
      }),
    ended,
    leave: () => gone.abort(),
  }
}

function name(event: string, data: unknown): string {
  const { service, name } = data as { service?: string; name?: string }
  return [event, service ?? name].filter(Boolean).join(' ')
}

function parse(text: string): Block {
  return Object.fromEntries(
    text.split('\n').map((line) => {
      const [, field = '', value = ''] = /^([a-z]*): ?(.*)$/.exec(line) ?? ['', 'broken', line]
      if (field === 'data') return [field, JSON.parse(value)]
      return [field || 'comment', value]
    }),
  )
}
