// Effects run when what was drawn stands in the page, each once. Hono's own `useEffect` waits for the next frame: in a hidden
// tab there is none, and a component that is drawn again before it runs an effect twice and cleans up only the second.

export { useLayoutEffect as useEffect } from 'hono/jsx/dom';
