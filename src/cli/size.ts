/** Bytes for people. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** Two figures that matter at least: `812 B`, `4.5 KiB`, `120 MiB`. */
export function formatBytes(bytes: number): string {
  const power =
    bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log(bytes * 1.024) / Math.log(1024)))
  const amount = bytes / 1024 ** power
  return `${Number(amount.toFixed(power > 0 && amount < 10 ? 1 : 0))} ${UNITS[power]}`
}
