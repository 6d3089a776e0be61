/**
 * Values as they are written in generated YAML and documents.
 */
export const ORIGIN = 'Made from src/config/schema.ts by `npm run schema`: change it there.'

/** A value in YAML's flow style, as people write it: quotes only where something could be misread. */
export function flow(value: unknown): string {
  if (typeof value === 'string')
    return /^[a-z0-9][\w./-]*$/i.test(value) && !/^[\d.]+$/.test(value) ? value : JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value).map(([key, item]) => `${key}: ${flow(item)}`)
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
}
