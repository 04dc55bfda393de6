// The browser's half of JSX for visitors' pages: describes elements, and changes what stands in the document into what
// is described, node by node, so that focus, open details and running transitions survive. It begins with the server's
// own HTML. One page on a bad network is why it exists: hono/jsx/dom does more and weighs half a page.

type Child = Described | string | number | boolean | null | undefined | Child[];
type Props = Record<string, unknown> & { children?: Child };

interface Described {
  tag: string;
  props: Props;
}

export const Fragment = ({ children }: Props): Child => children;

/** Components are called at once: they hold no state. */
export function jsx(tag: string | ((props: Props) => Child), props: Props): Child {
  return typeof tag === 'function' ? tag(props) : { tag, props };
}

export { jsx as jsxs };

/** Makes the children of `parent` what `described` says. */
export function show(parent: Element, described: unknown) {
  const children = [described as Child].flat(9) as Exclude<Child, Child[]>[];
  for (const [index, child] of children.entries()) {
    const before = parent.childNodes[index];
    const node = nodeFor(child, before, parent);
    if (before === undefined) parent.append(node);
    else if (before !== node) before.replaceWith(node);
  }
  while (parent.childNodes.length > children.length) parent.lastChild?.remove();
}

function nodeFor(child: Exclude<Child, Child[]>, before: ChildNode | undefined, parent: Element): Node {
  if (typeof child !== 'object' || child === null) {
    // What is not shown keeps its place as an empty text, so that its neighbours stay the nodes that they are.
    const text = child === null || child === undefined || typeof child === 'boolean' ? '' : String(child);
    if (before?.nodeType !== Node.TEXT_NODE) return document.createTextNode(text);
    if (before.nodeValue !== text) before.nodeValue = text;
    return before;
  }
  const { tag, props } = child;
  const space = tag === 'svg' ? 'http://www.w3.org/2000/svg' : parent.namespaceURI;
  const same = before instanceof Element && before.localName === tag;
  const element = same ? before : document.createElementNS(space, tag);
  for (const { name } of [...element.attributes]) {
    // Whether details are open is the reader's own doing.
    if (name !== 'open' && props[name] == null) element.removeAttribute(name);
  }
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') Object.assign(element, { [name.toLowerCase()]: value });
    else if (name !== 'children' && value != null && element.getAttribute(name) !== String(value)) {
      element.setAttribute(name, String(value));
    }
  }
  show(element, props.children ?? []);
  return element;
}
