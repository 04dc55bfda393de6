// The frame of every screen: header, dialogs, and the announcements for screen readers.

import type { Confirmation } from './action-log.ts';
import { AlarmTargets } from './alarm-targets-page.tsx';
import type { ConsoleState } from './console-state.ts';
import { Dashboard } from './dashboard/dashboard.tsx';
import { MessageDialog } from './dashboard/message.tsx';
import { RoomUnavailable } from './dashboard/room-unavailable.tsx';
import { Editor } from './editor/editor.tsx';
import { NewRoom } from './editor/new-room.tsx';
import { Previews } from './editor/previews.tsx';
import { Header } from './header.tsx';
import { Help } from './help.tsx';
import { Keys } from './keys-page.tsx';
import { DirectoryLog, RoomLog } from './log.tsx';
import { Dialog } from './parts/dialog.tsx';
import { Note } from './parts/note.tsx';
import { Shape } from './parts/shape.tsx';
import { Rooms } from './rooms.tsx';
import { KeyForm, ProviderLink, SignIn } from './sign-in-page.tsx';

export function Frame({ state }: { state: ConsoleState }) {
  const t = state.strings;
  switch (state.signInState) {
    case 'checking':
      return (
        <main class="empty" id="main" aria-busy="true">
          <p>{t.signIn.checking}</p>
        </main>
      );
    case 'unreachable':
      return (
        <main class="empty" id="main">
          <Shape name="lost" />
          <h1>{t.connection.lost}</h1>
          <button type="button" class="button" onClick={() => void state.start()}>
            {t.retry}
          </button>
        </main>
      );
    case 'signedOut':
      return <SignIn state={state} />;
    case 'signedIn':
      return <SignedIn state={state} />;
  }
}

/** Who else has this room on the console: two who steer at once should know of each other. */
function Others({ state }: { state: ConsoleState }) {
  const operators = (state.room === null ? null : state.snapshot?.live?.operators) ?? [];
  const others = operators.filter(({ isYou }) => !isYou);
  if (others.length === 0) return null;
  const { menu, roles } = state.strings;
  return <p class="others">{menu.others(others.map(({ name, role }) => `${name} (${roles[role]})`))}</p>;
}

function SignedIn({ state }: { state: ConsoleState }) {
  const t = state.strings;
  const { snapshot, confirmation } = state;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        {t.menu.skip}
      </button>
      <Header state={state} />
      <main id="main" tabindex={-1}>
        <Others state={state} />
        <Screen state={state} />
      </main>
      {state.overlay === 'help' ? <Help state={state} key="help" /> : null}
      {state.overlay === 'message' && snapshot?.live != null ? (
        <MessageDialog state={state} live={snapshot.live} key="message" />
      ) : null}
      {confirmation === null ? null : (
        <ConfirmationDialog state={state} confirmation={confirmation} key="confirmation" />
      )}
      {state.isSessionExpired ? (
        <Dialog title={t.signIn.expired} onClose={() => {}} isRequired key="expired">
          <p>{t.signIn.expiredLead}</p>
          <ProviderLink state={state} isInNewTab />
          <KeyForm state={state} />
        </Dialog>
      ) : null}
      <p class="visually-hidden" role="status" key="announcement">
        {state.announcement}
      </p>
      <p class="visually-hidden" role="alert" key="alert">
        {state.alert}
      </p>
    </>
  );
}

function ConfirmationDialog({ state, confirmation }: { state: ConsoleState; confirmation: Confirmation }) {
  const t = state.strings;
  const { title, text, confirmLabel, isFinal, onConfirm } = confirmation;
  return (
    <Dialog title={title} onClose={() => state.confirm(null)}>
      <p>{text}</p>
      <Note key="final" text={isFinal ? t.actionLog.final : null} />
      <div class="buttons">
        <button
          type="button"
          class="button danger-plain"
          onClick={() => {
            state.confirm(null);
            onConfirm();
          }}
        >
          {confirmLabel}
        </button>
        <button type="button" class="button quiet" onClick={() => state.confirm(null)}>
          {t.cancel}
        </button>
      </div>
    </Dialog>
  );
}

function Screen({ state }: { state: ConsoleState }) {
  const { route, snapshot } = state;
  switch (route.screen) {
    case 'rooms':
      return <Rooms state={state} />;
    case 'newRoom':
      return <NewRoom state={state} />;
    case 'keys':
      return <Keys state={state} />;
    case 'alarmTargets':
      return <AlarmTargets state={state} />;
    case 'log':
      return <DirectoryLog state={state} />;
    case 'room': {
      if (snapshot === null) return null;
      switch (route.tab) {
        case 'now':
          return <Dashboard state={state} snapshot={snapshot} key={route.room} />;
        case 'log':
          return <RoomLog state={state} snapshot={snapshot} key={route.room} />;
        case 'settings':
          return snapshot.detail === null ? (
            <RoomUnavailable state={state} snapshot={snapshot} />
          ) : (
            <Editor state={state} detail={snapshot.detail} key={route.room} />
          );
        case 'preview':
          return <Previews state={state} room={route.room} key={route.room} />;
      }
    }
  }
}
