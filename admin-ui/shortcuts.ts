// Single-key shortcuts of a room. They never act while the operator types, while a dialog is open, or together with a modifier
// key; and they can be turned off (WCAG 2.1.4).

import { isOfSchedule } from './actions.ts';
import type { ConsoleState } from './console-state.ts';
import { setFlow } from './dashboard/flow-controls.tsx';
import { hashOf, ROOM_TABS } from './routes.ts';

export function handleKey(state: ConsoleState, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
  if (!state.preferences.shortcuts || state.signInState !== 'signedIn' || state.isSessionExpired) return;
  if (state.overlay !== null || state.confirmation !== null || isTextField(event.target)) return;
  if (event.key === '?') {
    state.showOverlay('help');
    event.preventDefault();
    return;
  }
  if (runShortcut(state, letterOf(event))) event.preventDefault();
}

/** A Korean input method types Korean letters; the position of the key then tells which Latin letter it is. */
function letterOf({ code, key }: KeyboardEvent): string {
  if (/^[a-z]$/i.test(key)) return key.toUpperCase();
  return /^Key[A-Z]$/.test(code) ? code.slice(3) : key;
}

function runShortcut(state: ConsoleState, key: string): boolean {
  const { route } = state;
  if (route.screen !== 'room') return false;
  const tab = ROOM_TABS[Number(key) - 1];
  if (tab !== undefined) {
    location.hash = hashOf({ ...route, tab });
    return true;
  }
  if (route.tab !== 'now') return false;
  switch (key) {
    case 'P':
      setFlow(state, 'paused');
      return true;
    case 'H':
      setFlow(state, 'held');
      return true;
    case 'R':
      setFlow(state, 'running');
      return true;
    case 'Z': {
      const last = state.actions.lastUndoable();
      if (last === undefined) return true;
      // A single key moves no opening: a button that names it does.
      if (isOfSchedule(last.action)) state.announce(state.strings.actionLog.undoByButton);
      else void state.actions.undo(last.id);
      return true;
    }
    case 'L':
      focusOn('newUsersPerMinute');
      return true;
    case 'M':
      if (state.may('setMessage')) state.showOverlay('message');
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

function isTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest('input, textarea, select') !== null;
}
