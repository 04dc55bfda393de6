// Flask on gunicorn, with Flask-WTF: session cookie, form with a CSRF token, upload, redirects to full addresses, a stream.

import { AS_PAGE } from '../gateway/visitor-client.ts';
import { AS_SCRIPT, PICTURE, type Site } from './site-trial.ts';

export const flask: Site = {
  title: 'Flask on gunicorn',
  packages: ['python3-flask', 'python3-flaskext.wtf', 'gunicorn'],

  async start(trial) {
    const cwd = trial.copy('flask');
    const args = ['--bind', `127.0.0.1:${trial.sitePort}`, '--threads', '4', 'clinic:app'];
    await trial.serve('gunicorn', args, { cwd });
  },

  async visit(trial) {
    const { publicUrl } = trial;
    const { visitor, page } = await trial.entered('/', 'Clinic on Flask');
    trial.step('its own addresses are the public ones', page.text.includes(`${publicUrl}/book`), page.text);
    const form = await visitor.send('/book', { headers: AS_PAGE });
    const token = /name="csrf_token"[^>]*value="([^"]+)"/.exec(form.text)?.[1] ?? '';
    const cookie = form.headers.getSetCookie().find((line) => line.startsWith('session='));
    trial.step('the form has a CSRF token, and the session a secure cookie', /; Secure/.test(cookie ?? ''), cookie);

    const forged = await trial.sendForm(visitor, '/book', { name: 'Hana', csrf_token: 'forged' });
    trial.step('a forged token is refused by Flask', forged.status === 400, `${forged.status} ${forged.text}`);
    const sent = await trial.sendForm(visitor, '/book', { name: 'Hana', csrf_token: token }, { picture: PICTURE });
    trial.step(
      'the form with a file is taken, and leads to a full address by https on the visitor’s host',
      sent.status === 302 && sent.fields.location === `${publicUrl}/booking`,
      `${sent.status} ${sent.fields.location} ${sent.text}`,
    );
    const booking = await visitor.send('/booking', { headers: AS_PAGE });
    trial.step('the session knows the booking', booking.text.includes('Booked for Hana'), booking.text);
    trial.step('the client address is the visitor’s', booking.text.includes('from 127.0.0.5'), booking.text);
    const picture = await visitor.send('/picture', { headers: AS_SCRIPT });
    const isPicture =
      picture.fields['content-type'] === 'image/png' && Number(picture.fields['content-length']) === PICTURE.length;
    trial.step('the file is there', isPicture, picture.status);
    const moved = await visitor.send('/booking/', { headers: AS_PAGE });
    trial.step('an unknown address is Flask’s own 404', moved.status === 404, moved.status);
    const slashed = await visitor.send('/slots', { headers: AS_PAGE });
    trial.step(
      'Flask’s own redirect is by https on the visitor’s host',
      slashed.status === 308 && slashed.fields.location === `${publicUrl}/slots/`,
      `${slashed.status} ${slashed.fields.location}`,
    );
    const lines = await trial.arrivals(visitor, '/stream');
    trial.step('a streamed response arrives line by line', lines.length === 3, JSON.stringify(lines));

    await trial.strangersAreRefused(
      {
        'script request': ['/booking', { headers: AS_SCRIPT }],
        stream: ['/stream', { headers: AS_SCRIPT }],
        'form post by a script': [
          '/book',
          { method: 'POST', headers: { ...AS_SCRIPT, Origin: publicUrl } },
          'name=Eve',
        ],
        'form post as a page': [
          '/book',
          { method: 'POST', headers: { ...AS_PAGE, 'Sec-Fetch-Site': 'same-origin', Origin: publicUrl } },
          `name=Eve&csrf_token=${token}`,
        ],
        'post without browser headers': ['/book', { method: 'POST' }, 'name=Eve'],
      },
      /Clinic on Flask|Hana/,
    );
    await trial.leave(visitor);
    const after = await visitor.send('/booking', { headers: AS_SCRIPT });
    trial.step('after that nothing of the site is left to the visitor', after.status === 403, after.status);
  },
};
