// Single keys that act on the room. They never act while somebody types, while a dialog is open, or together with a key that
// means something to the browser; and they can be switched off (WCAG 2.1.4).

import { reversal } from './actions.ts';
import type { Desk } from './console-state.ts';
import { setFlow } from './dashboard/flow-controls.tsx';
import { hashOf, ROOM_TABS } from './routes.ts';

export function pressed(desk: Desk, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
  if (!desk.preferences.shortcuts || desk.signIn !== 'signedIn' || desk.isInterrupted) return;
  if (desk.overlay !== null || desk.question !== null || isTyping(event.target)) return;
  if (event.key === '?') {
    desk.open('help');
    event.preventDefault();
    return;
  }
  if (desk.route.screen === 'room' && act(desk, keyOf(event))) event.preventDefault();
}

/** The letter; with a Korean input method the keys give Korean letters, and their place on the keyboard tells which it is. */
function keyOf({ code, key }: KeyboardEvent): string {
  if (/^[a-z]$/i.test(key)) return key.toUpperCase();
  return /^Key[A-Z]$/.test(code) ? code.slice(3) : key;
}

function act(desk: Desk, key: string): boolean {
  const { route } = desk;
  if (route.screen !== 'room') return false;
  const tab = ROOM_TABS[Number(key) - 1];
  if (tab !== undefined) {
    location.hash = hashOf({ ...route, tab });
    return true;
  }
  if (route.tab !== 'now') return false;
  switch (key) {
    case 'P':
      setFlow(desk, 'paused');
      return true;
    case 'H':
      setFlow(desk, 'held');
      return true;
    case 'R':
      setFlow(desk, 'running');
      return true;
    case 'Z': {
      const last = desk.deeds.find(
        ({ phase, isUndo, undone, deed }) => phase.kind === 'done' && !isUndo && !undone && reversal(deed) !== null,
      );
      if (last !== undefined) void desk.undo(last.id);
      return true;
    }
    case 'L':
      focusOn('newUsersPerMinute');
      return true;
    case 'M':
      if (desk.may('setMessage')) desk.open('message');
      return true;
    default:
      return false;
  }
}

function focusOn(id: string): void {
  const element = document.getElementById(id);
  element?.focus();
  if (element instanceof HTMLInputElement) element.select();
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest('input, textarea, select') !== null;
}
