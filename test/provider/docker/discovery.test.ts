/** The list of containers that services are made from: when it is asked for, and when it is told. */
import t from 'tap'
import type { FoundContainer } from '../../../src/domain/ports.ts'
import { TargetError } from '../../../src/errors.ts'
import type { Listed } from '../../../src/provider/docker/container.ts'
import { Discovery } from '../../../src/provider/docker/discovery.ts'
import { createEngine } from '../../../src/provider/docker/engine.ts'
import type { Change } from '../../../src/provider/docker/events.ts'
import { FakeClock, settled } from '../../helpers/fake-clock.ts'

const PROJECT = 'com.docker.compose.project'

function listed(id: string, name: string, labels: Record<string, string> = {}, created = 1): Listed {
  return { Id: id, Names: [`/${name}`], Labels: labels, Created: created }
}

function event(action: string, name: string, labels: Record<string, string> = {}): Change {
  return { action, names: [name], labels }
}

/** An engine whose lists the test answers, oldest first. */
function open() {
  const clock = new FakeClock()
  const asked: { label: string; answer: (list: Listed[]) => void; fail: () => void }[] = []
  const engine = {
    ...createEngine({}, { host: 'nowhere', socketPath: null }),
    list: (label: string) =>
      new Promise<Listed[]>((resolve, reject) => {
        const fail = (): void => reject(new TargetError('refused', 'Docker forbids it', 'Allow it.'))
        asked.push({ label, answer: resolve, fail })
      }),
  }
  const discovery = new Discovery(engine, clock)
  const told: string[] = []
  const hearing = {
    heard: (found: readonly FoundContainer[]) => void told.push(found.map(({ name }) => name).join(' ')),
    failed: (error: TargetError) => void told.push(error.message),
  }
  const answer = async (list: Listed[]): Promise<void> => {
    asked.shift()?.answer(list)
    await settled()
  }
  return { clock, asked, discovery, told, hearing, answer }
}

const labelled = { projects: [], labelled: true }

t.test('one question a project and one for the label, merged by id and in order', async (t) => {
  const { asked, discovery, told, hearing, answer } = open()
  discovery.want({ projects: ['next', 'next', 'wiki'], labelled: true }, hearing)
  t.equal(asked.length, 0, 'nothing before Docker answers')
  const connected = discovery.connected()
  t.strictSame(
    asked.map(({ label }) => label),
    [`${PROJECT}=next`, `${PROJECT}=wiki`, 'wakedock.enable=true'],
  )
  await answer([listed('2', 'next-db'), listed('1', 'next-app')])
  await answer([])
  t.strictSame(told, [])
  await answer([listed('1', 'next-app'), listed('3', 'blog')])
  await connected
  t.strictSame(told, ['blog next-app next-db'])
})

t.test('what is told of a container', async (t) => {
  const { discovery, answer } = open()
  let heard: readonly FoundContainer[] = []
  discovery.want(labelled, { heard: (found) => void (heard = found), failed: () => undefined })
  void discovery.connected()
  await answer([
    { Id: '1', Names: ['/other/alias', '/blog'], Labels: { a: 'b' }, Created: 7 },
    { Id: '2', Names: ['/plain'], Labels: null, Created: 8 },
    { Id: '3', Names: null, Created: 9 },
    { Id: '4', Names: [], Created: 9 },
  ])
  t.strictSame(heard, [
    { name: 'blog', labels: { a: 'b' }, created: 7 },
    { name: 'plain', labels: {}, created: 8 },
  ])
})

t.test('it is told when it differs, and at every connect it is asked for', async (t) => {
  const { discovery, told, hearing, answer } = open()
  discovery.want(labelled, hearing)
  const lists = [
    [],
    [],
    [listed('1', 'a')],
    [listed('1', 'a')],
    [listed('1', 'a', { x: 'y' })],
    [listed('2', 'a', { x: 'y' }, 2)],
    [],
  ]
  for (const list of lists) {
    discovery.disconnected()
    const connected = discovery.connected()
    await answer(list)
    await connected
  }
  t.strictSame(told, ['', 'a', 'a', 'a', ''])
})

const events: [what: string, change: Change, lists: boolean][] = [
  ['a labelled one is made', event('create', 'new', { 'wakedock.enable': 'true' }), true],
  ['one of a project is made', event('create', 'new', { [PROJECT]: 'next' }), true],
  ['a known one is removed, by an engine that sends no labels', event('destroy', 'known'), true],
  ['a known one gets another name', event('rename', 'known'), true],
  ['another project', event('create', 'new', { [PROJECT]: 'other' }), false],
  ['the label says no', event('create', 'new', { 'wakedock.enable': 'false' }), false],
  ['nobody wants it', event('destroy', 'new'), false],
  ['a known one starts', event('start', 'known', { [PROJECT]: 'next' }), false],
]
for (const [what, change, lists] of events) {
  t.test(`an event: ${what}`, async (t) => {
    const { clock, asked, discovery, hearing, answer } = open()
    discovery.want({ projects: ['next'], labelled: true }, hearing)
    void discovery.connected()
    await answer([listed('1', 'known')])
    await answer([])
    discovery.changed(change)
    await clock.advance(1000)
    t.equal(asked.length > 0, lists)
  })
}

t.test('the events of one moment make one list, and one in the middle of a list makes another', async (t) => {
  const { clock, asked, discovery, told, hearing, answer } = open()
  discovery.want(labelled, hearing)
  void discovery.connected()
  await answer([])
  const made = event('create', 'new', { 'wakedock.enable': 'true' })
  for (const wait of [30, 30, 39]) {
    discovery.changed(made)
    await clock.advance(wait)
  }
  t.equal(asked.length, 0)
  await clock.advance(1)
  t.equal(asked.length, 1)
  await answer([listed('1', 'a')])
  await clock.advance(1000)
  t.equal(asked.length, 0)

  discovery.changed(made)
  await clock.advance(100)
  discovery.changed(made)
  await clock.advance(100)
  t.equal(asked.length, 1, 'one list at a time')
  await answer([listed('1', 'a')])
  t.equal(asked.length, 1)
  await answer([listed('1', 'a'), listed('2', 'b')])
  t.strictSame(told, ['', 'a', 'a b'])
})

t.test('other wants are listed at once, and an answer to the old ones is not told', async (t) => {
  const { asked, discovery, told, hearing, answer } = open()
  discovery.want(labelled, hearing)
  void discovery.connected()
  discovery.want({ projects: ['next'], labelled: false }, hearing)
  discovery.want({ projects: ['next'], labelled: false }, hearing)
  await answer([listed('1', 'old')])
  t.strictSame(
    asked.map(({ label }) => label),
    [`${PROJECT}=next`],
  )
  await answer([listed('2', 'new')])
  t.strictSame(told, ['new'])
  discovery.want({ projects: ['next'], labelled: false }, hearing)
  t.equal(asked.length, 0, 'the same wants: nothing new')

  discovery.want(null, hearing)
  discovery.changed(event('destroy', 'new'))
  await discovery.connected()
  t.equal(asked.length, 0)
  discovery.want({ projects: ['next'], labelled: false }, hearing)
  await answer([listed('2', 'new')])
  t.strictSame(told, ['new', 'new'], 'wanted again, told again')
})

t.test('a list that fails is tried again every second, and said once', async (t) => {
  const { clock, asked, discovery, told, hearing, answer } = open()
  discovery.want(labelled, hearing)
  const connected = discovery.connected()
  asked.shift()?.fail()
  await connected
  for (const _ of [1, 2]) {
    await clock.advance(999)
    t.equal(asked.length, 0)
    await clock.advance(1)
    asked.shift()?.fail()
    await settled()
  }
  await clock.advance(1000)
  await answer([listed('1', 'a')])
  t.strictSame(told, ['Docker forbids it', 'a'])
  await clock.advance(10_000)
  t.equal(asked.length, 0)
})

t.test('while Docker is away nothing is asked, and a failure that belongs to that is not said', async (t) => {
  const { clock, asked, discovery, told, hearing, answer } = open()
  discovery.want(labelled, hearing)
  void discovery.connected()
  await answer([listed('1', 'a')])
  discovery.changed(event('destroy', 'a'))
  discovery.disconnected()
  discovery.changed(event('destroy', 'a'))
  await clock.advance(5000)
  t.equal(asked.length, 0)
  const connected = discovery.connected()
  discovery.disconnected()
  asked.shift()?.fail()
  await connected
  await clock.advance(5000)
  t.strictSame([asked.length, told], [0, ['a']])
})
