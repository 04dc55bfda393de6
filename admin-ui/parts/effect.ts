// Effects run when what was drawn stands in the page, and each runs once. Hono's `useEffect` waits for the next frame: in a
// hidden tab there is none, and where a component is drawn again before it, the same effect runs twice and only the second
// one is ever cleaned up.

export { useLayoutEffect as useEffect } from 'hono/jsx/dom';
