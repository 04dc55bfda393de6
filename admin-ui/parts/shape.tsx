// One outline for each state, so that no state is shown by colour alone.

const SHAPES = {
  scheduled: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 7v5l3 3',
  prequeue: 'M4 4h16v16H4zM8 12l3 3l5-6',
  drawing: 'M3 7h4l10 10h4M3 17h4l3-3M14 10l3-3h4M18 4l3 3l-3 3M18 14l3 3l-3 3',
  open: 'M4 12h13M12 6l6 6l-6 6',
  paused: 'M9 5v14M15 5v14',
  held: 'M8 3h8l5 5v8l-5 5H8l-5-5V8zM8 12h8',
  soldOut: 'M4 8l8-4l8 4v8l-8 4l-8-4zM9 12h6',
  closed: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  unknown: 'M9 9a3 3 0 1 1 4 2.8c-.7.3-1 .8-1 1.7M12 17.5h.01',
  alarm: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  done: 'M5 12l5 5L19 7',
  back: 'M14 6l-6 6l6 6',
  lost: 'M4 4l16 16M8.5 15.5a5 5 0 0 1 5.5-1M5 12a10 10 0 0 1 3-2.2M12 8.5c2.6 0 5 1.2 7 3.5M12 19h.01',
} as const;

type ShapeName = keyof typeof SHAPES;

export function Shape({ name }: { name: ShapeName }) {
  return (
    <svg class="shape" viewBox="0 0 24 24" aria-hidden="true">
      <path d={SHAPES[name]} />
    </svg>
  );
}

/** The shape of a room's state; the style sheet takes the colour from the same name. */
export function shapeOf(state: string | null, flow: string): ShapeName {
  if (state === 'paused' && flow === 'held') return 'held';
  return state !== null && state in SHAPES ? (state as ShapeName) : 'unknown';
}
