type Child = Node | string

const SVG = 'http://www.w3.org/2000/svg'

/** An element with attributes and children; text is only ever text. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly Node[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS(SVG, tag)
  setAttributes(element, attributes)
  element.append(...children)
  return element
}

export function setAttributes(
  element: Element,
  attributes: Readonly<Record<string, string | number>>,
): void {
  for (const [name, value] of Object.entries(attributes)) {
    const text = String(value)
    if (element.getAttribute(name) !== text) element.setAttribute(name, text)
  }
}

/** Changes a text only where it is another: what stays must not lose a selection or a focus. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element
}

/** Makes the children of `parent` those in `wanted`, moving only what is out of place. */
export function arrange(parent: Element, wanted: readonly Element[]): void {
  for (const [i, element] of wanted.entries()) {
    if (parent.children[i] !== element) parent.insertBefore(element, parent.children[i] ?? null)
  }
  while (parent.children.length > wanted.length) parent.lastElementChild?.remove()
}
