/** What the soak prints at its end: the table, and for each lost request everything that is known of it. */
import type { Evidence } from './evidence.ts'
import type { Sent } from './traffic.ts'
import type { Verdict } from './verdict.ts'

/** Lost requests that are printed with all that happened around them; the others get one line. */
const IN_FULL = 15
/** Milliseconds of history before and after it. */
const AROUND = 3000

export type Row = readonly [name: string, value: number | string]

export function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${String(value).padStart(7)}`).join('\n')
}

/** How many ended in each class, failures by code and cause. */
export function classes(verdicts: readonly Verdict[]): Row[] {
  const count = (name: Verdict['class']): number => verdicts.filter((each) => each.class === name).length
  const failures = verdicts.filter((each) => each.class === 'failed')
  return [
    ['requests sent', verdicts.length],
    ['answered', count('answered')],
    ['client left', count('left')],
    ['failed honestly', failures.length],
    ...tally(failures.map(({ code, cause }) => `  ${code}: ${cause}`)),
    ['LOST', count('lost')],
  ]
}

function tally(names: readonly string[]): Row[] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].toSorted(([, a], [, b]) => b - a)
}

/** `requests`: each with why it is printed. */
export function inFull(title: string, requests: ReadonlyMap<Sent, string>, evidence: Evidence): string {
  return [...requests]
    .map(([sent, why], index) => {
      const { id, kind, begin, head, end, service, outcome } = sent
      const at = (time: number): string => new Date(time).toISOString().slice(11, 23)
      const answer = head === null ? 'no head of an answer' : `answer from ${at(head)}`
      const line = `${title} ${id} (${kind}): ${why}. Sent ${at(begin)}, ${answer}, over ${at(end)}; its client saw ${JSON.stringify(outcome)}`
      if (index >= IN_FULL) return line
      const around = evidence.timeline(service, { from: begin - AROUND, to: end + AROUND })
      return [line, ...around.map((each) => `     ${each}`)].join('\n')
    })
    .join('\n')
}
