/**
 * Text as a terminal shows it: a Chinese letter takes two columns, an accent none. Measuring is string-width's, which knows the
 * tables of Unicode; cutting and wrapping are here, because the command line needs no more of it than this.
 */
import stringWidth from 'string-width'

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Columns that it takes. */
export function widthIn(text: string): number {
  // Nearly everything, and hundreds of rows are measured once a second.
  return /^[\x20-\x7e]*$/u.test(text) ? text.length : stringWidth(text)
}

/** As much of it as fits, with "…" where something is left out. */
export function cut(text: string, columns: number): string {
  if (widthIn(text) <= columns) return text
  let kept = ''
  let left = columns - 1
  for (const { segment } of graphemes.segment(text)) {
    left -= widthIn(segment)
    if (left < 0) break
    kept += segment
  }
  return columns < 1 ? '' : `${kept}…`
}

/** With blanks behind it, so that it takes this many columns. */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthIn(text)))
}

/** Lines of whole words; a word that is wider than a line stands alone, broken into several. */
export function wrap(text: string, columns: number): string[] {
  if (widthIn(text) <= columns) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap((one) => broken(one, Math.max(1, columns)))) {
    if (line !== '' && widthIn(line) + 1 + widthIn(word) > columns) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function broken(word: string, columns: number): string[] {
  if (widthIn(word) <= columns) return [word]
  const pieces: string[] = []
  let piece = ''
  for (const { segment } of graphemes.segment(word)) {
    if (piece !== '' && widthIn(piece) + widthIn(segment) > columns) {
      pieces.push(piece)
      piece = ''
    }
    piece += segment
  }
  return [...pieces, piece]
}
