/** A temporary folder with the files a program of a bench is configured by; gone with the scope. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from './program.ts'

export interface Folder {
  readonly path: string
  /** Resolves to the file's path. */
  write(name: string, content: string | Buffer): Promise<string>
}

/** Short: the path of a unix socket in it must fit into 108 bytes. */
export async function openFolder(scope: Scope): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'wakedock-bench-'))
  scope.teardown(() => rm(path, { recursive: true, force: true }))
  return {
    path,
    write: async (name, content) => {
      const file = join(path, name)
      await writeFile(file, content)
      return file
    },
  }
}
