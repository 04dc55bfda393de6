// Previews of the visitors' pages in every state and both languages, as wide as a phone, in frames that run no script.

import { addressOf } from '../../worker/contract/api-client.ts';
import { PREVIEW_KINDS } from '../../worker/contract/operator-api.ts';
import type { ConsoleState } from '../console-state.ts';
import type { Language } from '../number-format.ts';

type Kind = (typeof PREVIEW_KINDS)[number];

export function Previews({ state, room }: { state: ConsoleState; room: string }) {
  const t = state.strings.preview;
  const language = state.draft<Language>('preview/language', state.strings.language);
  const kind = state.draft<Kind | 'all'>('preview/kind', 'waiting');
  const kinds = kind === 'all' ? PREVIEW_KINDS : [kind];
  return (
    <div class="page previews">
      <div class="page-head">
        <h1>{state.strings.menu.preview}</h1>
        <fieldset class="choice" aria-label={t.language}>
          {(['ko', 'en'] as const).map((one) => (
            <button
              type="button"
              key={one}
              lang={one}
              aria-pressed={one === language ? 'true' : 'false'}
              onClick={() => state.setDraft('preview/language', one)}
            >
              {state.strings.editor.languageNames[one]}
            </button>
          ))}
        </fieldset>
      </div>
      <p class="note">{t.lead}</p>
      <fieldset class="choice wrap" aria-label={t.page}>
        {([...PREVIEW_KINDS, 'all'] as const).map((one) => (
          <button
            type="button"
            key={one}
            aria-pressed={one === kind ? 'true' : 'false'}
            onClick={() => state.setDraft('preview/kind', one)}
          >
            {one === 'all' ? t.all : t.kinds[one]}
          </button>
        ))}
      </fieldset>
      <div class={kind === 'all' ? 'phones' : 'phones one'}>
        {kinds.map((one) => (
          <figure class="phone" key={`${one} ${language}`}>
            <iframe
              sandbox=""
              loading="lazy"
              title={t.frame(t.kinds[one])}
              src={addressOf('preview', { params: { room }, query: { kind: one, language } })}
            />
            <figcaption>{t.kinds[one]}</figcaption>
          </figure>
        ))}
      </div>
    </div>
  );
}
