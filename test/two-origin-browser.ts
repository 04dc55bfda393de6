// A visitor's browser as far as the hand-off needs one: cookies by host, redirects between two sites, and what a person does on a
// waiting page. It keeps every address that it was led to.

import { AS_PAGE } from './gateway/visitor-client.ts';
import { CookieJar, isNewcomerPage } from './running-gateway.ts';

/** Redirects of one page that browsers follow at most. */
const REDIRECTS_MAX = 20;

/** How often a waiting page is looked at before the test gives up. */
const LOOKS_MAX = 40;

type Send = (url: URL, init: RequestInit) => Promise<Response>;

export class TwoOriginBrowser {
  /** By host name: browsers do not tell ports apart. */
  readonly jars = new Map<string, CookieJar>();
  readonly visited: URL[] = [];
  keepsCookies = true;
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  jar(host: string): CookieJar {
    const jar = this.jars.get(host) ?? new CookieJar();
    this.jars.set(host, jar);
    return jar;
  }

  /** One request, whose redirect is not followed. */
  async request(address: string | URL, init: RequestInit = {}): Promise<Response> {
    const url = new URL(address);
    this.visited.push(url);
    const jar = this.jar(url.hostname);
    const headers = new Headers(init.headers ?? AS_PAGE);
    if (jar.header !== '') headers.set('Cookie', jar.header);
    const response = await this.#send(url, { ...init, headers, redirect: 'manual' });
    if (this.keepsCookies) jar.keep(response);
    return response;
  }

  /** Opens an address and follows it. @returns what the browser shows, and where */
  async open(address: string | URL): Promise<{ response: Response; url: URL; text: string }> {
    let url = new URL(address);
    for (let count = 0; count <= REDIRECTS_MAX; count++) {
      const response = await this.request(url);
      const location = response.headers.get('Location');
      if (location === null) return { response, url, text: await response.text() };
      url = new URL(location, url);
    }
    throw new Error(`Too many redirects: ${this.visited.slice(-6).join('\n')}`);
  }

  /**
   * Opens an address, and on a waiting page does what its script does, until another page shows.
   * @param wait lets time pass between two looks
   */
  async comeIn(address: string | URL, room: string, wait: () => Promise<void>) {
    let shown = await this.open(address);
    for (let looks = 0; looks < LOOKS_MAX && shown.text.includes('id="fairgate"'); looks++) {
      if (isNewcomerPage(shown.text)) {
        const headers = { Accept: 'application/json', 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'empty' };
        const join = new URL(`/_fairgate/rooms/${room}/join`, shown.url);
        await this.request(join, { method: 'POST', headers });
      }
      await wait();
      shown = await this.open(shown.url);
    }
    return shown;
  }
}
