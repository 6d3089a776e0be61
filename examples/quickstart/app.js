/** The app of the demo: a web server that takes BOOT_MS to start and says how long it has been up. */
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const { PORT, NAME = 'app', BOOT_MS = '0' } = process.env
const started = Date.now()

const page = () => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${NAME}</title>
<style>
  :root { color-scheme: light dark; font: 1.1rem/1.6 system-ui, sans-serif }
  body { max-width: 34rem; margin: 15vh auto; padding: 0 1rem }
</style>
<h1>${NAME} is awake</h1>
<p>Process ${process.pid} was started by your request ${Math.round((Date.now() - started) / 1000)} s ago,
and took ${BOOT_MS} ms to boot. Leave it alone for 30 seconds, and it is put to sleep; reload this page, and it is
started again.</p>
`

await sleep(Number(BOOT_MS))
const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
  response.end(page())
})
server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on port ${PORT}`))

// Ends as soon as the running requests have; idle connections are not waited for.
process.once('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
