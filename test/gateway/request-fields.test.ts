// Which header fields of a visitor reach the origin.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keepVisitorsFields } from '../../worker/proxy/request-fields.ts';

function kept(fields: Record<string, string>, keepsMethod = false): string[] {
  const headers = new Headers(fields);
  keepVisitorsFields(headers, { keepsMethod });
  return [...headers.keys()];
}

describe('the fields of a request', () => {
  it('reach the origin with names of letters, digits and hyphens only', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}$/);
    fc.assert(
      fc.property(name, (field) => {
        for (const passed of kept({ [field]: 'x' })) expect(passed).toMatch(/^[a-z0-9-]+$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('reach the origin with values that have no control characters', () => {
    for (let code = 1; code < 256; code++) {
      const value = `a${String.fromCharCode(code)}b`;
      if (value.includes('\r') || value.includes('\n')) continue; // No Headers hold these.
      const isControl = code === 0x7f || (code < 0x20 && value !== 'a\tb');
      expect([code, kept({ 'X-Custom': value, Cookie: value })]).toEqual([
        code,
        isControl ? [] : ['cookie', 'x-custom'],
      ]);
    }
  });

  it.each([
    ['Client-IP'],
    ['X-Client-IP'],
    ['X-ClientIP'],
    ['True-Client-IP'],
    ['Fastly-Client-IP'],
    ['X-Azure-ClientIP'],
    ['X-Azure-SocketIP'],
    ['X-Envoy-External-Address'],
    ['X-Envoy-Original-Path'],
    ['X-Original-Forwarded-For'],
    ['X-Forwarded-For'],
    ['X-Forwarded-Anything'],
    ['Forwarded'],
    ['Forwarded-For'],
    ['X-Real-IP'],
    ['X-Remote-IP'],
    ['X-Remote-Addr'],
    ['X-Originating-IP'],
    ['X-Source-IP'],
    ['X-User-IP'],
    ['X-Cluster-Client-IP'],
    ['CloudFront-Viewer-Address'],
    ['Fly-Client-IP'],
    ['CF-Connecting-IP'],
    ['CF-Connecting-IPv6'],
    ['CF-Visitor'],
    ['CF-IPCountry'],
    ['X-AppEngine-Country'],
    ['X-AppEngine-User-IP'],
    ['X-Vercel-IP-Country'],
    ['X-NF-Client-Connection-IP'],
    ['X-Host'],
    ['X-Original-Host'],
    ['X-HTTP-Host-Override'],
    ['X-Forwarded-Host'],
    ['X-Forwarded-Server'],
    ['X-Scheme'],
    ['X-URL-Scheme'],
    ['Front-End-Https'],
    ['X-Forwarded-SSL'],
    ['X-ARR-SSL'],
    ['CloudFront-Forwarded-Proto'],
    ['X-Original-URL'],
    ['X-Rewrite-URL'],
    ['X-Original-URI'],
    ['X-Script-Name'],
    ['X-WAWS-Unencoded-URL'],
    ['X-Forwarded-Prefix'],
    ['SSL-Client-Cert'],
    ['X-SSL-Client-Verify'],
    ['X-MS-Client-Principal'],
    ['X-AMZN-OIDC-Data'],
    ['Script-Name'],
    ['Path-Info'],
    ['Remote-User'],
    ['Request-URI'],
    ['Server-Name'],
    ['Query-String'],
    ['Proxy'],
    ['HTTPS'],
    ['Document-Root'],
    ['PHP-Value'],
    ['Content-Type-X'],
    ['Fairgate-Admission'],
    ['Fairgate-Connect'],
    ['Fairgate-Anything'],
    ['Connection'],
    ['TE'],
    ['Keep-Alive'],
  ])('%s does not, in any letter case', (name) => {
    for (const spelled of [name, name.toLowerCase(), name.toUpperCase()]) expect(kept({ [spelled]: 'x' })).toEqual([]);
  });

  it.each([
    ['SCRIPT_NAME'],
    ['X_Forwarded_For'],
    ['X~Original~URL'],
    ['X!HTTP!Method!Override'],
    ['Fairgate!Admission'],
    ['X.Rewrite.Url'],
    ['Path_Info'],
    ['X_Custom'],
    ['Content_Length'],
  ])('%s does not: some servers read it as another name', (name) => {
    expect(kept({ [name]: 'x' })).toEqual([]);
  });

  it.each([
    ['Accept'],
    ['Accept-Language'],
    ['Authorization'],
    ['Cache-Control'],
    ['Content-Type'],
    ['Content-Length'],
    ['Content-Range'],
    ['Cookie'],
    ['Depth'],
    ['Destination'],
    ['DNT'],

    ['If-Match'],
    ['Idempotency-Key'],
    ['Last-Event-ID'],
    ['Next-Action'],
    ['Next-Router-State-Tree'],
    ['Origin'],
    ['Overwrite'],
    ['Range'],
    ['Referer'],
    ['RSC'],
    ['Sec-Fetch-Site'],
    ['Sec-WebSocket-Key'],
    ['Sec-WebSocket-Protocol'],
    ['SOAPAction'],
    ['Tus-Resumable'],
    ['Upload-Offset'],
    ['User-Agent'],
    ['Via'],
    ['X-Amz-Content-Sha256'],
    ['X-Amz-Date'],
    ['X-API-Key'],
    ['X-CSRF-Token'],
    ['X-CSRFToken'],
    ['X-Goog-Api-Key'],
    ['X-GitHub-Event'],
    ['X-Hub-Signature-256'],
    ['X-Inertia'],
    ['X-Requested-With'],
    ['X-Tenant'],
    ['X-WP-Nonce'],
    ['X-XSRF-TOKEN'],
    ['Stripe-Signature'],
    ['traceparent'],
    ['tracestate'],
    ['baggage'],
    ['HX-Request'],
    ['GraphQL-Preflight'],
    ['CF-Access-Jwt-Assertion'],
  ])('%s does', (name) => {
    expect(kept({ [name]: 'x' })).toEqual([name.toLowerCase()]);
  });

  it('those that change the method do only where the method did not decide', () => {
    for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
      expect(kept({ [name]: 'DELETE' }, true)).toEqual([]);
      expect(kept({ [name]: 'DELETE' })).toEqual([name.toLowerCase()]);
    }
  });
});
