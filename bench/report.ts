/**
 * What a bench says: the few figures of a sample that matter, and the markdown that the README shows. Pure but for
 * machine(), so that a test can hold the arithmetic to cases worked out by hand.
 */
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'

/** A sample in brief, in the unit of its values. */
export interface Summary {
  readonly n: number
  readonly median: number
  readonly p95: number
  /** The middle half of the sample lies between these two: the spread, which one outlier does not move. */
  readonly q1: number
  readonly q3: number
  readonly min: number
  readonly max: number
}

/**
 * The smallest value that at least `p` percent of the sample do not exceed (nearest rank): always one that was really
 * measured, which an interpolation between two modes would not be. @throws RangeError for an empty sample.
 */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const found = sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)]
  if (found === undefined) throw new RangeError('an empty sample has no percentile')
  return found
}

/** The middle value, or the mean of the two middle ones. @throws RangeError for an empty sample. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  if (low === undefined || high === undefined) throw new RangeError('an empty sample has no median')
  return (low + high) / 2
}

/** @throws RangeError for an empty sample. */
export function summarize(values: readonly number[]): Summary {
  const at = (p: number): number => percentile(values, p)
  return {
    n: values.length,
    median: median(values),
    p95: at(95),
    q1: at(25),
    q3: at(75),
    min: at(0),
    max: at(100),
  }
}

/** With one decimal below 100, none above: more digits than a noisy machine can give would be pretence. */
export function figure(value: number): string {
  const rounded = Math.abs(value) < 99.95 ? value.toFixed(1) : value.toFixed(0)
  return rounded === '-0.0' ? '0.0' : rounded
}

/** "290 to 305": the middle half. */
export function spread({ q1, q3 }: Summary): string {
  return `${figure(q1)} to ${figure(q3)}`
}

/** A markdown table; the first column is text, the others are figures and stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => head.map((_, column) => escape(row[column] ?? '')))
  const width = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string => {
    const padded = row.map((cell, column) =>
      column === 0 ? cell.padEnd(width[column] ?? 0) : cell.padStart(width[column] ?? 0),
    )
    return `| ${padded.join(' | ')} |`
  }
  const rule = width.map((wide, column) => (column === 0 ? '-'.repeat(wide) : `${'-'.repeat(wide - 1)}:`))
  const [first = [], ...others] = cells
  return [line(first), `| ${rule.join(' | ')} |`, ...others.map(line)].join('\n')
}

function escape(cell: string): string {
  return cell.replaceAll('|', '\\|')
}

/** One line for every table: figures without their machine mean nothing. Load is the mean of the last minute. */
export function machine(): string {
  const [first] = cpus()
  const processor = `${cpus().length} × ${first?.model.trim() ?? 'unknown processor'}`
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return `${processor}, ${memory}, ${system()}, Linux ${release()}, Node ${process.versions.node}`
}

/** Load of the machine over the last minute: what else ran. */
export function load(): string {
  return (loadavg()[0] ?? 0).toFixed(2)
}

function system(): string {
  try {
    const [, name] = readFileSync('/etc/os-release', 'utf8').match(/^PRETTY_NAME="?([^"\n]+)/m) ?? []
    return name ?? process.platform
  } catch {
    return process.platform
  }
}
