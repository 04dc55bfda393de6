// The shortcut of a control, shown beside its label. A screen reader reads it from the control's `aria-keyshortcuts`.

export function KeyCap({ name }: { name: string }) {
  return (
    <span class="key-cap" aria-hidden="true">
      {name}
    </span>
  );
}
