/**
 * One slip, one fault. A key that is spelled wrong is two mistakes to ajv: `hots` is unknown, and `hosts` is missing. The
 * second would send a tired admin looking for another line to correct, so it is left out: it is only the shadow of
 * the first, which names the remedy for both.
 */
import { meantBy, type Mistake } from './explain.ts'
import type { Path } from './schema-node.ts'

/** `mistakes` without those that vanish when another one of them is corrected. */
export function withoutShadows(mistakes: readonly Mistake[]): readonly Mistake[] {
  const meant = new Set<string>()
  const badlyNamed = new Set<string>()
  for (const mistake of mistakes) {
    const { keyword, path, params } = mistake
    const option = meantOption(mistake)
    if (option) meant.add(mark(option))
    if (keyword === 'propertyNames') badlyNamed.add(mark([...path, String(params['propertyName'])]))
  }
  return mistakes.filter(
    (mistake) =>
      !missingIn(mistake).some((option) => meant.has(mark([...mistake.path, option]))) &&
      // `{ PASSWORD:secret }` is one long name without a value: the name is what is wrong.
      !(mistake.data === null && badlyNamed.has(mark(mistake.path))),
  )
}

/** Where the option stands that an unknown key was probably meant to be. */
export function meantOption({ keyword, path, params, node }: Mistake): Path | undefined {
  const option =
    keyword === 'additionalProperties' ? meantBy(String(params['additionalProperty']), node) : undefined
  return option === undefined ? undefined : [...path, option]
}

/** The options any one of which would end the mistake. */
function missingIn({ keyword, params, node, data }: Mistake): readonly string[] {
  if (keyword === 'required' || keyword === 'dependencies') return [String(params['missingProperty'])]
  if (keyword !== 'oneOf' || typeof data !== 'object' || data === null) return []
  const options = (node.oneOf ?? []).flatMap((option) => option.required ?? [])
  // With one of them there already the mistake is that there are two.
  return options.some((option) => Object.hasOwn(data, option)) ? [] : options
}

function mark(path: Path): string {
  return JSON.stringify(path)
}
