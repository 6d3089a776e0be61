/** Which edges close a circle. */
import t from 'tap'
import { findCircles } from '../../src/config/circles.ts'

/** Each letter is a node. */
function letters(text = ''): string[] {
  return text.split('')
}

const CASES: readonly [title: string, needs: Record<string, string>, circles: readonly string[]][] = [
  ['nothing', {}, []],
  ['a chain', { a: 'b', b: 'c', c: '' }, []],
  ['a diamond', { a: 'bc', b: 'd', c: 'd', d: '' }, []],
  ['what is no node', { a: 'x', b: '' }, []],
  ['itself', { a: 'a' }, ['a']],
  ['two', { a: 'b', b: 'a' }, ['ab']],
  ['three, with a way to it', { x: 'a', a: 'b', b: 'c', c: 'a' }, ['abc']],
  ['two that share a node', { a: 'bc', b: 'a', c: 'a' }, ['ab', 'ac']],
  ['two apart', { a: 'b', b: 'a', c: 'd', d: 'c' }, ['ab', 'cd']],
  ['one within another', { a: 'b', b: 'c', c: 'ab' }, ['abc', 'bc']],
]

t.test('each edge that closes a circle is found once', async (t) => {
  for (const [title, needs, circles] of CASES) {
    const found = findCircles(Object.keys(needs), (node) => letters(needs[node]))
    t.strictSame(
      found.map((circle) => circle.join('')),
      circles,
      title,
    )
  }
})

t.test('without those edges there is none left', async (t) => {
  for (const [title, needs] of CASES) {
    const dropped = new Set(
      findCircles(Object.keys(needs), (node) => letters(needs[node])).map(
        (circle) => `${circle.at(-1)}${circle[0]}`,
      ),
    )
    const rest = (node: string): string[] =>
      letters(needs[node]).filter((other) => !dropped.has(`${node}${other}`))
    t.strictSame(findCircles(Object.keys(needs), rest), [], title)
  }
})
