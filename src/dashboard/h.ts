/**
 * preact's h, with types that hold: the attributes of an element are those of that element, and what a component asks for has to be
 * given. preact's own takes any attribute with any tag, and its results do not fit each other under exactOptionalPropertyTypes.
 */
import {
  createElement,
  type Attributes,
  type ComponentChildren,
  type ComponentType,
  type JSX,
  type VNode,
} from 'preact'

type Elements = JSX.IntrinsicElements
type Data = Readonly<Record<`data-${string}`, string>>

export function h<K extends keyof Elements>(
  type: K,
  props: (Elements[K] & Data) | null,
  ...children: ComponentChildren[]
): VNode
export function h<P>(
  type: ComponentType<P>,
  props: (Omit<P, 'children'> & Attributes) | null,
  ...children: ComponentChildren[]
): VNode
export function h(
  type: string | ComponentType,
  props: object | null,
  ...children: ComponentChildren[]
): VNode {
  return createElement<object>(type, props, ...children)
}
