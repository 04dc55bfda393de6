// What stands around every screen: the way between rooms, the gateway's time, who is signed in; and above them dialogs and
// what a screen reader is told.

import type { Desk } from './console-state.ts';
import { Night, Nothing } from './dashboard/dashboard.tsx';
import { MessageDialog } from './dashboard/message.tsx';
import { Editor } from './editor/editor.tsx';
import { NewRoom } from './editor/new-room.tsx';
import { Previews } from './editor/previews.tsx';
import { Help } from './help.tsx';
import { Keys } from './keys.tsx';
import { DirectoryLog, RoomLog } from './log.tsx';
import { Dialog } from './parts/dialog.tsx';
import { KeyCap } from './parts/key-cap.tsx';
import { Shape, shapeOf } from './parts/shape.tsx';
import { Rooms } from './rooms.tsx';
import { hashOf, ROOM_TABS } from './routes.ts';
import { KeyForm, Mark, SignIn } from './sign-in.tsx';

export function Frame({ desk }: { desk: Desk }) {
  const w = desk.words;
  switch (desk.signIn) {
    case 'asking':
      return (
        <main class="empty" id="main" aria-busy="true">
          <p>{w.signIn.asking}</p>
        </main>
      );
    case 'unreachable':
      return (
        <main class="empty" id="main">
          <Shape name="lost" />
          <h1>{w.contact.lost}</h1>
          <button type="button" class="button" onClick={() => void desk.begin()}>
            {w.retry}
          </button>
        </main>
      );
    case 'signedOut':
      return <SignIn desk={desk} />;
    case 'signedIn':
      return <Inside desk={desk} />;
  }
}

function Inside({ desk }: { desk: Desk }) {
  const w = desk.words;
  const { seen, question } = desk;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        {w.menu.skip}
      </button>
      <Header desk={desk} />
      <main id="main" tabindex={-1} data-screen={desk.route.screen}>
        <Screen desk={desk} />
      </main>
      {desk.overlay === 'help' ? <Help desk={desk} key="help" /> : null}
      {desk.overlay === 'message' && seen?.live != null ? (
        <MessageDialog desk={desk} live={seen.live} key="message" />
      ) : null}
      {question === null ? null : (
        <Dialog title={question.title} onClose={() => desk.ask(null)} key="question">
          <p>{question.text}</p>
          <p class="note">{w.deeds.final}</p>
          <div class="ways">
            <button
              type="button"
              class="button danger-plain"
              onClick={() => {
                desk.ask(null);
                question.act();
              }}
            >
              {question.yes}
            </button>
            <button type="button" class="button quiet" onClick={() => desk.ask(null)}>
              {w.cancel}
            </button>
          </div>
        </Dialog>
      )}
      {desk.isInterrupted ? (
        <Dialog title={w.signIn.again} onClose={() => {}} isNeeded key="interrupted">
          <p>{w.signIn.againLead}</p>
          <KeyForm desk={desk} />
        </Dialog>
      ) : null}
      <p class="unseen" role="status" key="said">
        {desk.said}
      </p>
      <p class="unseen" role="alert" key="alarmed">
        {desk.alarmSaid}
      </p>
    </>
  );
}

function Screen({ desk }: { desk: Desk }) {
  const { route, seen } = desk;
  switch (route.screen) {
    case 'rooms':
      return <Rooms desk={desk} />;
    case 'newRoom':
      return <NewRoom desk={desk} />;
    case 'keys':
      return <Keys desk={desk} />;
    case 'log':
      return <DirectoryLog desk={desk} />;
    case 'room': {
      if (seen === null) return null;
      switch (route.tab) {
        case 'now':
          return <Night desk={desk} seen={seen} key={route.room} />;
        case 'log':
          return <RoomLog desk={desk} seen={seen} key={route.room} />;
        case 'settings':
          return seen.detail === null ? (
            <Nothing desk={desk} seen={seen} />
          ) : (
            <Editor desk={desk} detail={seen.detail} key={route.room} />
          );
        case 'preview':
          return <Previews desk={desk} room={route.room} key={route.room} />;
      }
    }
  }
}

function Header({ desk }: { desk: Desk }) {
  const w = desk.words;
  const { route, seen } = desk;
  const room = route.screen === 'room' ? route.room : null;
  const live = room === null ? null : seen?.live;
  return (
    <header class="top">
      <a class="brand" href="#/rooms" aria-label={`${w.product} · ${w.menu.allRooms}`}>
        <Mark />
        <span>{w.product}</span>
      </a>
      {room === null ? null : (
        <p class="top-room" key="room">
          <a class="back" href="#/rooms">
            <Shape name="back" />
            <span class="unseen">{w.menu.allRooms}</span>
          </a>
          {live == null ? null : (
            <span class="top-state" data-state={shapeOf(live.state, live.flow)}>
              <Shape name={shapeOf(live.state, live.flow)} />
            </span>
          )}
          <b>{seen?.detail?.site.title[w.language] ?? room}</b>
        </p>
      )}
      <nav aria-label={room === null ? w.menu.rooms : (seen?.detail?.site.title[w.language] ?? room)}>
        {room === null
          ? [
              <a key="rooms" href="#/rooms" aria-current={route.screen === 'rooms' ? 'page' : 'false'}>
                {w.menu.rooms}
              </a>,
              desk.may('keys') ? (
                <a key="keys" href="#/keys" aria-current={route.screen === 'keys' ? 'page' : 'false'}>
                  {w.menu.keys}
                </a>
              ) : null,
              <a key="log" href="#/log" aria-current={route.screen === 'log' ? 'page' : 'false'}>
                {w.menu.log}
              </a>,
            ]
          : ROOM_TABS.map((tab) => (
              <a
                key={tab}
                href={hashOf({ screen: 'room', room, tab })}
                aria-current={route.screen === 'room' && route.tab === tab ? 'page' : 'false'}
              >
                {w.menu[tab]}
              </a>
            ))}
      </nav>
      {live == null ? null : (
        <p class="top-clock" key="clock">
          <span class="unseen">{w.menu.serverTime}</span>
          <b>{desk.figures.second(desk.now)}</b> <small>{desk.figures.zone(desk.now)}</small>
        </p>
      )}
      <Menu desk={desk} />
    </header>
  );
}

function Menu({ desk }: { desk: Desk }) {
  const w = desk.words;
  const { session, preferences } = desk;
  const toggle = (label: string, name: 'sound' | 'shortcuts') => (
    <button
      type="button"
      key={name}
      role="switch"
      aria-checked={preferences[name] ? 'true' : 'false'}
      onClick={() => desk.prefer({ [name]: !preferences[name] })}
    >
      <span>{label}</span>
      <i />
    </button>
  );
  return (
    <details class="menu">
      <summary>
        <b>{session?.operator.name}</b>
        <small>{w.roles[desk.role]}</small>
        <span class="unseen">{w.menu.you}</span>
      </summary>
      <div class="menu-sheet">
        <button
          type="button"
          lang={w.menu.otherLanguage}
          onClick={() => desk.prefer({ language: w.menu.otherLanguage })}
        >
          {w.menu.other}
        </button>
        <button
          type="button"
          role="switch"
          aria-checked={preferences.theme === 'light' ? 'true' : 'false'}
          onClick={() => desk.prefer({ theme: preferences.theme === 'light' ? 'dark' : 'light' })}
        >
          <span>{w.menu.theme}</span>
          <i />
        </button>
        {toggle(w.menu.sound, 'sound')}
        {toggle(w.menu.shortcuts, 'shortcuts')}
        <button type="button" onClick={() => desk.open('help')}>
          <span>{w.menu.help}</span>
          <KeyCap name="?" />
        </button>
        {session?.expiresAt == null ? null : (
          <div class="menu-out" key="out">
            <small>{w.signIn.until(desk.figures.moment(Date.parse(session.expiresAt), Date.now()))}</small>
            <button type="button" onClick={() => void desk.signOut()}>
              {w.signIn.out}
            </button>
            {desk.signOutFault === null ? null : (
              <p class="fault" key="fault">
                {desk.signOutFault}
              </p>
            )}
          </div>
        )}
      </div>
    </details>
  );
}
