// The screen is part of the address, after `#`: bookmarks, reloads and the back button work, and no server sees it.

import { PROVIDER_FAILURES, type ProviderFailure } from '../worker/contract/provider-addresses.ts';

type RoomTab = 'now' | 'log' | 'settings' | 'preview';
export const ROOM_TABS: readonly RoomTab[] = ['now', 'log', 'settings', 'preview'];

export type Route =
  | { screen: 'rooms' }
  | { screen: 'newRoom' }
  | { screen: 'keys' }
  | { screen: 'alarmTargets' }
  | { screen: 'log' }
  | { screen: 'room'; room: string; tab: RoomTab };

export function routeOf(hash: string): Route {
  const [first = '', second = '', third = ''] = hash.replace(/^#?\/?/, '').split('/');
  switch (first) {
    case 'rooms': {
      if (second === '') return { screen: 'rooms' };
      const tab = ROOM_TABS.find((name) => name === third) ?? 'now';
      return { screen: 'room', room: second, tab };
    }
    case 'new':
      return { screen: 'newRoom' };
    case 'keys':
      return { screen: 'keys' };
    case 'alarms':
      return { screen: 'alarmTargets' };
    case 'log':
      return { screen: 'log' };
    default:
      return { screen: 'rooms' };
  }
}

/** Why the sign-in failed from which the browser comes. */
export function providerFailureOf(hash: string): ProviderFailure | null {
  const [, named = ''] = /^#\/sign-in\/(\w+)$/.exec(hash) ?? [];
  return PROVIDER_FAILURES.find((failure) => failure === named) ?? null;
}

export function hashOf(route: Route): string {
  switch (route.screen) {
    case 'rooms':
      return '#/rooms';
    case 'newRoom':
      return '#/new';
    case 'keys':
      return '#/keys';
    case 'alarmTargets':
      return '#/alarms';
    case 'log':
      return '#/log';
    case 'room':
      return `#/rooms/${route.room}${route.tab === 'now' ? '' : `/${route.tab}`}`;
  }
}
