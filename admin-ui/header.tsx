// The header of every screen: the way between rooms and tabs, the gateway's time, and the operator's menu.

import { useRef } from 'hono/jsx/dom';
import type { ConsoleState } from './console-state.ts';
import { useEffect } from './parts/effect.ts';
import { KeyCap } from './parts/key-cap.tsx';
import { Logo } from './parts/logo.tsx';
import { Note } from './parts/note.tsx';
import { Shape, shapeOf } from './parts/shape.tsx';
import { hashOf, ROOM_TABS } from './routes.ts';

export function Header({ state }: { state: ConsoleState }) {
  const t = state.strings;
  const { room, route, snapshot } = state;
  const live = room === null ? null : snapshot?.live;
  const title = snapshot?.detail?.site.title[t.language] ?? room ?? '';
  return (
    <header class="top">
      <a class="brand" href="#/rooms" aria-label={`${t.product} · ${t.menu.allRooms}`}>
        <Logo />
        <span>{t.product}</span>
      </a>
      {room === null ? null : (
        <p class="top-room" key="room">
          <a class="back" href="#/rooms">
            <Shape name="back" />
            <span class="visually-hidden">{t.menu.allRooms}</span>
          </a>
          {live == null ? null : (
            <span class="top-state" data-state={shapeOf(live.state, live.flow)}>
              <Shape name={shapeOf(live.state, live.flow)} />
            </span>
          )}
          <b title={title}>{title}</b>
        </p>
      )}
      <nav aria-label={room === null ? t.menu.rooms : title}>
        {room === null
          ? [
              <a key="rooms" href="#/rooms" aria-current={route.screen === 'rooms' ? 'page' : 'false'}>
                {t.menu.rooms}
              </a>,
              state.may('keys') ? (
                <a key="keys" href="#/keys" aria-current={route.screen === 'keys' ? 'page' : 'false'}>
                  {t.menu.keys}
                </a>
              ) : null,
              state.may('alarmTargets') ? (
                <a key="alarms" href="#/alarms" aria-current={route.screen === 'alarmTargets' ? 'page' : 'false'}>
                  {t.menu.alarmTargets}
                </a>
              ) : null,
              state.may('directoryAudit') ? (
                <a key="log" href="#/log" aria-current={route.screen === 'log' ? 'page' : 'false'}>
                  {t.menu.log}
                </a>
              ) : null,
            ]
          : ROOM_TABS.map((tab) => (
              <a
                key={tab}
                href={hashOf({ screen: 'room', room, tab })}
                aria-current={route.screen === 'room' && route.tab === tab ? 'page' : 'false'}
              >
                {t.menu[tab]}
              </a>
            ))}
      </nav>
      {live == null ? null : (
        <p class="top-clock" key="clock">
          <span class="visually-hidden">{t.menu.serverTime}</span>
          <b>{state.format.time(state.now)}</b> <small>{state.format.zone(state.now)}</small>
        </p>
      )}
      <Menu state={state} />
    </header>
  );
}

function Menu({ state }: { state: ConsoleState }) {
  const t = state.strings;
  const { session, preferences } = state;
  const menu = useRef<HTMLDetailsElement>(null);

  const close = () => {
    if (menu.current === null) return;
    menu.current.open = false;
    menu.current.querySelector('summary')?.focus();
  };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && menu.current?.open) close();
    };
    const onPointerDown = ({ target }: Event) => {
      if (menu.current !== null && !menu.current.contains(target as Node)) menu.current.open = false;
    };
    document.addEventListener('keydown', onKeyDown);
    document.addEventListener('pointerdown', onPointerDown);
    return () => {
      document.removeEventListener('keydown', onKeyDown);
      document.removeEventListener('pointerdown', onPointerDown);
    };
  }, []);

  const toggle = (label: string, isOn: boolean, onToggle: () => void) => (
    <button type="button" key={label} role="switch" aria-checked={isOn ? 'true' : 'false'} onClick={onToggle}>
      <span>{label}</span>
      <i />
    </button>
  );
  const { theme, sound, shortcuts } = preferences;
  return (
    <details class="menu" ref={menu}>
      <summary>
        <b>{session?.operator.name}</b>
        <small>{t.roles[state.role]}</small>
        <span class="visually-hidden">{t.menu.you}</span>
      </summary>
      <div class="menu-sheet">
        <button
          type="button"
          lang={t.menu.otherLanguage}
          onClick={() => state.setPreferences({ language: t.menu.otherLanguage })}
        >
          {t.menu.other}
        </button>
        {toggle(t.menu.theme, theme === 'light', () =>
          state.setPreferences({ theme: theme === 'light' ? 'dark' : 'light' }),
        )}
        {toggle(t.menu.sound, sound, () => state.setPreferences({ sound: !sound }))}
        {toggle(t.menu.shortcuts, shortcuts, () => state.setPreferences({ shortcuts: !shortcuts }))}
        <button
          type="button"
          onClick={() => {
            close();
            state.showOverlay('help');
          }}
        >
          <span>{t.menu.help}</span>
          <KeyCap name="?" />
        </button>
        {session?.expiresAt == null ? null : (
          <div class="menu-out" key="out">
            <small>{t.signIn.until(state.format.timeOrDay(Date.parse(session.expiresAt), Date.now()))}</small>
            <button type="button" onClick={() => void state.signOut()}>
              {t.signIn.out}
            </button>
            <Note key="error" text={state.signOutError} kind="error" />
          </div>
        )}
      </div>
    </details>
  );
}
