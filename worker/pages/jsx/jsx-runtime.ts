// The JSX runtime of visitors' pages in the browser: describes elements and updates the document to match, node by node, so
// that focus, open details and running transitions survive. It starts from the server's HTML. hono/jsx/dom does more, but
// is as large as half a page, which matters on a bad network.

type Child = Description | string | number | boolean | null | undefined | Child[];
type Props = Record<string, unknown> & { children?: Child };

interface Description {
  tag: string;
  props: Props;
}

export const Fragment = ({ children }: Props): Child => children;

/** Components are called immediately: they hold no state. */
export function jsx(tag: string | ((props: Props) => Child), props: Props): Child {
  return typeof tag === 'function' ? tag(props) : { tag, props };
}

export { jsx as jsxs };

/** Updates the children of `parent` to match `described`. */
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
    // A hidden child is an empty text node, so that its siblings keep their index and therefore their nodes.
    const text = child === null || child === undefined || typeof child === 'boolean' ? '' : String(child);
    if (before?.nodeType !== Node.TEXT_NODE) return document.createTextNode(text);
    if (before.nodeValue !== text) before.nodeValue = text;
    return before;
  }
  const { tag, props } = child;
  const namespace = tag === 'svg' ? 'http://www.w3.org/2000/svg' : parent.namespaceURI;
  const same = before instanceof Element && before.localName === tag;
  const element = same ? before : document.createElementNS(namespace, tag);
  for (const { name } of [...element.attributes]) {
    // `open` of a details element belongs to the reader.
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
