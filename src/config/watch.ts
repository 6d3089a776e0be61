/**
 * Tells when the content of a file has changed. A file is rarely changed in place: editors write a new one and rename
 * it, Kubernetes swaps a symbolic link two folders up, `touch` changes nothing at all. So every folder the path leads
 * through is watched, any event in them is only a reason to look, and the content decides.
 *
 * One case cannot be seen from inside: Docker's bind mount of a single file keeps showing the old one after it was
 * replaced by rename. Mount the folder, or send SIGHUP after a restart of the container.
 */
import { createHash } from 'node:crypto'
import { watch, type FSWatcher } from 'node:fs'
import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Milliseconds of quiet before looking: an editor's save is several events. */
const SETTLE_MS = 100

export interface FileWatch {
  /** No call of onChange begins after it. */
  close(): void
}

/** @param onChange called once for every new content; never while the file is missing or cannot be read. */
export async function watchFile(file: string, onChange: () => void): Promise<FileWatch> {
  const content = await createFingerprint(file)
  const watchers = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const look = async (): Promise<void> => {
    // Armed before reading: what happens between the two raises an event, and is looked at again.
    await arm()
    if ((await content.changed()) && !closed) onChange()
  }

  const soon = (): void => {
    clearTimeout(timer)
    if (closed) return
    timer = setTimeout(() => void look(), SETTLE_MS)
    timer.unref()
  }

  /** Where the path leads may change with the change: a link points elsewhere, the folder is a new one. */
  const arm = async (): Promise<void> => {
    const places = await placesOf(file)
    if (closed) return
    for (const [place, watcher] of watchers) {
      if (places.has(place)) continue
      watcher.close()
      watchers.delete(place)
    }
    for (const place of places) if (!watchers.has(place)) open(place)
  }

  const open = (place: string): void => {
    try {
      // The file itself is watched too: writes through a bind mount raise no event in the folder.
      const watcher = watch(place, { persistent: false }, (kind) => {
        // The inode may be gone from under the watcher, which then stays silent for ever: a new one is opened.
        if (kind === 'rename') forget(place, watcher)
        soon()
      })
      watcher.on('error', () => {
        forget(place, watcher)
        soon()
      })
      watchers.set(place, watcher)
    } catch {
      // Gone between listing and watching. Its folder is watched, and says when it is back.
    }
  }

  const forget = (place: string, watcher: FSWatcher): void => {
    watcher.close()
    if (watchers.get(place) === watcher) watchers.delete(place)
  }

  await arm()
  // What happened while the watchers were being opened.
  soon()
  return {
    close() {
      closed = true
      clearTimeout(timer)
      for (const watcher of watchers.values()) watcher.close()
      watchers.clear()
    },
  }
}

/** The file and its folder, both as named and as they really are. */
async function placesOf(file: string): Promise<Set<string>> {
  const real = await realpath(file).catch(() => file)
  return new Set([file, dirname(file), real, dirname(real)])
}

/** Remembers a file's content by its digest: the file holds secrets, which need not be in memory twice. */
export async function createFingerprint(file: string): Promise<{ changed(): Promise<boolean> }> {
  let last = await digest(file)
  return {
    /** Whether the content differs from that of the last call. A missing or unreadable file has not changed. */
    async changed() {
      const now = await digest(file)
      if (now === null || now === last) return false
      last = now
      return true
    },
  }
}

async function digest(file: string): Promise<string | null> {
  try {
    // A pipe (`--config <(envsubst < x)`) gives its content once, and not to us.
    if (!(await stat(file)).isFile()) return null
    return createHash('sha256')
      .update(await readFile(file))
      .digest('base64')
  } catch {
    return null
  }
}
