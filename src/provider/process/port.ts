/** Whether a local port can be listened on: before a start, and as the last word on a stop. */
import { createServer } from 'node:net'

/**
 * Tries it on 127.0.0.1, where WakeDock will connect. A program that listens on all addresses is found as well: Linux
 * refuses the narrower bind. Any failure but "in use" (a privileged port, say) is left to the app to report.
 */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
