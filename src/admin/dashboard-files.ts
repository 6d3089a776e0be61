/**
 * The dashboard's files, read once and kept as they are sent. In an installation its scripts are what tsc has made of them; in the
 * source tree their types are stripped here, so that nobody has to build anything to see it. Loaded by the first who looks.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { extname } from 'node:path'
import { promisify } from 'node:util'
import { constants, gzip as gzipCallback } from 'node:zlib'

export interface DashboardFile {
  /** Content-Type. */
  readonly type: string
  readonly plain: Buffer
  readonly gzip: Buffer
  /** Of its content, for an ETag. */
  readonly hash: string
}

export interface DashboardFiles {
  readonly page: DashboardFile
  /** By the rest of the path behind /dashboard/. */
  readonly assets: ReadonlyMap<string, DashboardFile>
  /** The page's inline import map, as a source of the policy: sha256-… */
  readonly importMap: string
}

const gzip = promisify(gzipCallback)
const FOLDER = new URL('../dashboard/', import.meta.url)

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.ts': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Bare names in its scripts, and the files that they stand for. Paths inside the package: its exports lead to the same files. */
const LIBRARIES: Readonly<Record<string, string>> = {
  preact: 'lib/preact.js',
  'preact/hooks': 'lib/preact-hooks.js',
}

/** Rejects where the installation is not whole. */
export async function readDashboard(): Promise<DashboardFiles> {
  const assets = new Map<string, DashboardFile>()
  for (const name of await readdir(FOLDER)) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    const text = await readFile(new URL(name, FOLDER), 'utf8')
    if (name.endsWith('.ts')) assets.set(name.replace(/ts$/, 'js'), await fileOf(scriptOf(text), type))
    else assets.set(name, await fileOf(text, type))
  }
  const { resolve } = createRequire(import.meta.url)
  for (const [bare, name] of Object.entries(LIBRARIES)) {
    const text = await readFile(resolve(bare), 'utf8')
    // Their maps are not served.
    assets.set(name, await fileOf(text.replace(/^\/\/# sourceMappingURL=.*$/m, ''), TYPES['.js'] ?? ''))
  }
  const map = JSON.stringify({ imports: prefixed(LIBRARIES) })
  return {
    page: await fileOf(pageOf(await readFile(new URL('index.html', FOLDER), 'utf8'), map, assets), HTML),
    assets,
    importMap: `sha256-${createHash('sha256').update(map).digest('base64')}`,
  }
}

const HTML = 'text/html; charset=utf-8'

/** What tsc makes of it, without tsc: types become spaces, and imports lead to .js. */
function scriptOf(text: string): string {
  return stripTypeScriptTypes(text).replaceAll(/^(.*\bfrom\s+'\.\/[^']+)\.ts'/gm, "$1.js'")
}

/** With the import map, and every script named at once: otherwise a browser finds them level by level. */
function pageOf(html: string, map: string, assets: ReadonlyMap<string, DashboardFile>): string {
  const scripts = [...assets.keys()].filter((name) => name.endsWith('.js') && name !== 'main.js')
  const preloads = scripts.map((name) => `<link rel="modulepreload" href="dashboard/${name}">`)
  const head = [`<script type="importmap">${map}</script>`, ...preloads].join('\n    ')
  return html.replace('<!-- scripts -->', () => head)
}

function prefixed(libraries: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(libraries).map(([bare, name]) => [bare, `./dashboard/${name}`]))
}

async function fileOf(text: string, type: string): Promise<DashboardFile> {
  const plain = Buffer.from(text)
  return {
    type,
    plain,
    gzip: await gzip(plain, { level: constants.Z_BEST_COMPRESSION }),
    hash: createHash('sha256').update(plain).digest('base64url').slice(0, 22),
  }
}
