/** Changes to bytes that know nothing of HTTP but its delimiters, and the cuts at which a text is written piece by piece. */
import type { Random } from '../soak/random.ts'

const TOKENS = [
  '\r\n',
  '\r',
  '\n',
  '\r\n\r\n',
  '\n\n',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '\u0000',
  '\u000b',
  '\u00ff',
  '\u0080',
  '0',
  '1',
  'f',
  '\r\n ',
  'chunked',
  'Content-Length: 7\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Host: a\r\n',
  'Connection: close\r\n',
  '0\r\n\r\n',
  'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1',
  '"',
  '%',
  '#',
  '?',
  '/',
]

/** One to four changes. */
export function mutate(random: Random, text: string): string {
  let out = text
  for (let left = random.pick([1, 1, 2, 4]); left > 0; left--) {
    const at = random.int(0, out.length)
    const to = Math.min(out.length, at + random.pick([1, 1, 2, 5, 30]))
    const before = out.slice(0, at)
    const span = out.slice(at, to)
    const after = out.slice(to)
    const how = random.weighted({
      flip: 2,
      insert: 4,
      remove: 3,
      repeat: 2,
      truncate: 1,
      replace: 2,
      move: 1,
    })
    if (how === 'flip')
      out =
        before +
        String.fromCodePoint((span.codePointAt(0) ?? 0) ^ (1 << random.int(0, 7))) +
        out.slice(at + 1)
    else if (how === 'insert') out = before + random.pick(TOKENS) + span + after
    else if (how === 'remove') out = before + after
    else if (how === 'repeat') out = before + span + span + after
    else if (how === 'truncate') out = random.chance(0.5) ? before : after
    else if (how === 'replace') out = before + random.pick(TOKENS) + after
    else out = after + before + span
  }
  return out
}

/** One to five pieces; half of the texts stay whole, as most clients write a request at once. */
export function split(random: Random, text: string): string[] {
  const cuts = new Set<number>()
  if (random.chance(0.5))
    for (let left = random.int(1, 4); left > 0; left--) cuts.add(random.int(0, text.length))
  const pieces: string[] = []
  let from = 0
  for (const cut of [...cuts].toSorted((a, b) => a - b)) {
    pieces.push(text.slice(from, cut))
    from = cut
  }
  pieces.push(text.slice(from))
  return pieces.filter((piece) => piece !== '')
}
