/**
 * Where each option of a file stands, and which environment variables went into it. Kept beside the plain values, because
 * ajv and the rules see values only.
 */
import type { Path } from './schema-node.ts'

/** Counted from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

interface Place {
  readonly key: Position | undefined
  readonly value: Position
  readonly variables: readonly string[]
}

const START: Position = { line: 1, column: 1 }

export class Places {
  readonly #places = new Map<string, Place>()

  record(path: Path, place: Place): void {
    this.#places.set(JSON.stringify(path), place)
  }

  /** Of the option, or of the nearest one around it that is in the file: a missing option has no place of its own. */
  position(path: Path, at: 'key' | 'value'): Position {
    const place = this.#places.get(JSON.stringify(path))
    if (place) return at === 'key' ? (place.key ?? place.value) : place.value
    return path.length === 0 ? START : this.position(path.slice(0, -1), 'key')
  }

  /** Names of the environment variables in the value at exactly this path. */
  variables(path: Path): readonly string[] {
    return this.#places.get(JSON.stringify(path))?.variables ?? []
  }
}
