// What visitors see in every state and both languages, at a phone's width, in frames that run no script.

import { PREVIEW_KINDS } from '../../worker/contract/operator-api.ts';
import { addressOf } from '../api-client.ts';
import type { Desk } from '../console-state.ts';
import type { Language } from '../number-format.ts';

type Kind = (typeof PREVIEW_KINDS)[number];

export function Previews({ desk, room }: { desk: Desk; room: string }) {
  const w = desk.words.preview;
  const language = desk.draft<Language>('preview/language', desk.words.language);
  const kind = desk.draft<Kind | 'all'>('preview/kind', 'waiting');
  const kinds = kind === 'all' ? PREVIEW_KINDS : [kind];
  return (
    <div class="page previews">
      <div class="page-head">
        <h1>{w.title}</h1>
        <fieldset class="choice" aria-label={w.language}>
          {(['ko', 'en'] as const).map((one) => (
            <button
              type="button"
              key={one}
              lang={one}
              aria-pressed={one === language ? 'true' : 'false'}
              onClick={() => desk.type('preview/language', one)}
            >
              {desk.words.editor.languageNames[one]}
            </button>
          ))}
        </fieldset>
      </div>
      <p class="note">{w.lead}</p>
      <fieldset class="choice wrap" aria-label={w.page}>
        {([...PREVIEW_KINDS, 'all'] as const).map((one) => (
          <button
            type="button"
            key={one}
            aria-pressed={one === kind ? 'true' : 'false'}
            onClick={() => desk.type('preview/kind', one)}
          >
            {one === 'all' ? w.all : w.kinds[one]}
          </button>
        ))}
      </fieldset>
      <div class={kind === 'all' ? 'phones' : 'phones one'}>
        {kinds.map((one) => (
          <figure class="phone" key={`${one} ${language}`}>
            <iframe
              sandbox=""
              loading="lazy"
              title={w.frame(w.kinds[one])}
              src={addressOf('preview', { params: { room }, query: { kind: one, language } })}
            />
            <figcaption>{w.kinds[one]}</figcaption>
          </figure>
        ))}
      </div>
    </div>
  );
}
