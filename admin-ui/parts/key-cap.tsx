// The key that does the same, shown beside a label. The label's element says it to a screen reader (`aria-keyshortcuts`).

export function KeyCap({ name }: { name: string }) {
  return (
    <span class="key-cap" aria-hidden="true">
      {name}
    </span>
  );
}
