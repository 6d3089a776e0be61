/** What the bench of stalled bodies counts has to be true before any figure is: here without a proxy, by sockets alone. */
import t from 'tap'
import { STALLS, startStallingApp } from '../../bench/stalled-transfer.ts'

/** More than the kernel's buffers take on both sides of a loopback connection. */
const BYTES = 64 * 2 ** 20

for (const how of STALLS) {
  t.test(`a transfer stands still (${how}), and arrives whole when it goes on`, async (t) => {
    const app = await startStallingApp(t)
    const transfer = await app.stall(app.port, 'app.example.com', how, BYTES)
    if (how === 'client writes no further') t.equal(transfer.inside, 0, 'all that was sent has arrived')
    else t.ok(transfer.inside > 0 && transfer.inside < BYTES / 2, `${transfer.inside} bytes are under way`)
    await transfer.finish()
  })
}
