/**
 * Circles in what needs what: nothing in one could ever be started first, or be the first to sleep.
 */

/**
 * One path for each edge that closes a circle, in the order in which they are met: `[a, b, c]` where a needs b, b needs c and c
 * needs a. Without the edge from the last to the first of each, there is no circle left. `needs` may name what is no node.
 */
export function findCircles(
  nodes: readonly string[],
  needs: (node: string) => readonly string[],
): readonly (readonly string[])[] {
  const circles: string[][] = []
  const done = new Set<string>()
  const way: string[] = []
  const visit = (node: string): void => {
    const start = way.indexOf(node)
    if (start >= 0) circles.push(way.slice(start))
    if (start >= 0 || done.has(node)) return
    way.push(node)
    for (const next of needs(node)) visit(next)
    way.pop()
    done.add(node)
  }
  for (const node of nodes) visit(node)
  return circles
}
