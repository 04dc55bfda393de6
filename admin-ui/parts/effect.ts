// Hono's `useEffect` waits for the next frame. A hidden tab draws none, and where a component is drawn again before the frame,
// the effect runs twice and is cleaned up once. `useLayoutEffect` runs at once and once.

export { useLayoutEffect as useEffect } from 'hono/jsx/dom';
