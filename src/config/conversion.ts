/**
 * How to write a value of the wrong type so that it has the right one: the remedies for habits of quoting, of YAML 1.1 and
 * of Docker Compose.
 */

/** `words` is what the value must be, as schema-node.ts words it. Undefined where nothing is known to help. */
export function conversion(words: string, data: unknown): string | undefined {
  if (words.startsWith('text') && (typeof data === 'number' || typeof data === 'boolean'))
    return 'put it in quotes'
  if (words === 'a mapping' && Array.isArray(data))
    return 'write it as "name: value", one a line, without the dashes'
  if (words === 'a list' && typeof data === 'object') return 'start each entry with a dash'
  return typeof data === 'string' ? fromText(words, data) : undefined
}

function fromText(words: string, text: string): string | undefined {
  switch (words) {
    case 'a list':
      return 'write it in brackets, with commas between: [a, b]'
    case 'a mapping':
      // Without the space YAML sees one long text.
      return text.includes(':')
        ? 'write a space after each colon'
        : 'write its options beneath it, indented, one a line'
    case 'a whole number': {
      // Compose's "published:container"; WakeDock goes to the container itself.
      const inside = /^(?:[\d.]+:)?\d+:(\d+)$/.exec(text)?.[1]
      if (inside !== undefined) return `write ${inside}, the port inside the container`
      return /^\d+$/.test(text) ? 'remove the quotes' : undefined
    }
    case 'true or false': {
      // Booleans of YAML 1.1 that most admins still know.
      const old = /^(yes|on)$|^(no|off)$/i.exec(text)
      return old ? `write ${old[1] ? 'true' : 'false'}` : undefined
    }
    default:
      return undefined
  }
}
