// README.md of an evidence pack, in English.

export interface PackAbout {
  gateway: string;
  room: string;
  /** RFC 3339. */
  madeAt: string;
}

/** Needs Node and nothing else. */
export const CHECK_SIGNATURE = `      node -e "
      const { createPublicKey, verify } = require('node:crypto'), { readFileSync } = require('node:fs');
      const [head, body, signature] = readFileSync('manifest.jws', 'utf8').split('.');
      const { kid, typ } = JSON.parse(Buffer.from(head, 'base64url'));
      const jwk = JSON.parse(readFileSync('jwks.json')).keys.find((key) => key.kid === kid);
      const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
      const isSigned = verify('sha256', Buffer.from(head + '.' + body), key, Buffer.from(signature, 'base64url'));
      const isManifest = Buffer.from(body, 'base64url').equals(readFileSync('manifest.json'));
      console.log(typ === 'evidence+jws' && isSigned && isManifest ? 'signed by ' + kid : 'NOT SIGNED');"`;

export function readmeEnglish({ gateway, room, madeAt }: PackAbout): string {
  return `# Evidence of a waiting room

Room \`${room}\` of the gateway ${gateway}, as it stood at ${madeAt} by the clock of its store. 한국어: README.ko.md.

Fairgate, the waiting room in front of a site, made this folder by itself. You need to trust neither it nor the people who handed the
folder to you where a file below can be checked. Where it cannot, this page says so.

## The files

| file | what it is |
|---|---|
| manifest.json | what the pack contains, with the SHA-256 of every other file |
| manifest.jws | the same bytes, signed with the gateway's key (JWS, ES256, type \`evidence+jws\`) |
| SHA256SUMS | the same digests for the command \`sha256sum\` |
| jwks.json | the gateway's public keys |
| log.json | every change by operators and by the gateway itself, each record with the hash of the one before |
| site-log.json | changes of what the room protects and of its name, from the log of all rooms |
| draw-N.json | the published draw of opening N (\`epoch\` in the other files): the order of everybody who came before the opening |
| history.json, history.csv | every ten seconds: state, limits, arrivals, called, admitted, left, lapsed, refused by kind, the site's answers |
| totals.json | the sums of each opening |
| shown.json, shown.csv | what visitors were shown, from when on: messages, state, limits, times |
| origin-calls.json | what the site said, from when on: each number of what was left that visitors were shown, each signed call about a visit, each signal that the site was overloaded |
| board.json | the room's public board when the pack was made |

\`refused\` counts requests that were turned away: \`noAdmission\`, for anything but a page, without a right to enter (page visits get the
waiting page instead and are not counted); \`badToken\`, by an app, with a token that is forged, outdated or of another room; \`prefetch\`,
made before anybody asked for the page; \`tooOften\`; \`crossSite\`, by another site's page. A call of the site whose signature does not count is
among the \`badToken\`. They are requests, not people. \`exempt\` counts requests
that the operator lets through without the line. What shown.json has without a record's number is from the history, and began within the
ten seconds from then on. In origin-calls.json \`asOf\` is when the site read a number, \`at\` when it reached the room, which visitors see within about three seconds; \`by\` is the id of the
site's key, and null for the header of a response; \`position\` is a place in line; \`refused\` says why a call did nothing. Texts in CSV files that begin like a formula have an apostrophe in front.

## Check everything

With the sources of Fairgate, once \`npm ci\` ran in them (Node 20 or newer), and the gateway's keys from a place that you trust, not from this folder:

    curl -s ${gateway}/.well-known/jwks.json > keys.json
    npm run evidence -- --check FOLDER --jwks keys.json

It says of each file what holds, and ends with 0 where everything does. Without \`--jwks\` it uses the keys in the folder, which shows
only that the folder is as one key signed it. If you have an older pack of the same room, \`--earlier OLDER_FOLDER\` shows whether records
that were in it have changed since.

## Check each file without Fairgate

- **That no file was changed:** \`sha256sum -c SHA256SUMS\` in the folder; then compare SHA256SUMS with the digests in manifest.json.
- **The signature:** any JWS library, or Node alone, in the folder; put keys that you trust in place of jwks.json:

${CHECK_SIGNATURE}

- **The log:** \`hash\` of a record is the SHA-256 of the record without \`hash\`, as JSON with sorted names and no white space (RFC 8785);
  \`previous\` is the hash of the record before, and 64 zeros in the first. Numbers have no gap. The last hash is \`log.head\` in the
  manifest.
- **A draw:** \`npm run verify-draw -- draw-N.json\`, or docs/verify_draw.py of Fairgate, which needs nothing but Python. Both say
  whether it used public randomness. Where it did, and the number of entries was known to somebody before the randomness came, nobody has
  to be trusted for the order. Without public randomness, one has to trust that nobody knew the secret before the opening: who did could
  add entries until the order suited. Visitors find their own position by the number of their entry, \`--entry N\`, or by the file that
  they saved on the page that checks the draw: \`npm run verify-draw -- FILE.json --jwks keys.json\`.

## What was left out, and why

- Names, addresses and ids of operators: they are \`operator-1\`, \`operator-2\` and so on, in the order in which they first appear. Ids of
  visitors and their sessions. Where the protected site itself stands, and what is exempt from the line. Every value that was left out
  stands there as \`{"withheld": true}\`: no record is missing.
- So the hashes in log.json are over what you can read here, not those of the original log, from which names could be guessed.
  Those who are shown the original log (a court, an auditor) can compare: \`--check FOLDER --log ORIGINAL.json\` makes the same
  disclosure from it again. \`log.seal\` commits to the original with its names: the operator can open it with \`--seal-key\`.
- Buckets of more than two days before the pack was made, which the gateway does not keep, and the ten seconds under way.
  \`history.from\` and \`history.to\` in the manifest say what there is. Ten seconds in which nobody asked for the room may be missing.
- Numbers of what was left that changed nothing that visitors saw. Of what the site said, the gateway keeps the latest 32,768 records and up to twice as many;
  \`calls.first\` in the manifest says where they begin. What the site calls that which was completed (a number of a booking) is left out.

## What this cannot prove

- The signature says that the holder of this key stated this at that time. It does not make it true: counts, states and the log are
  the gateway's own statement. Who controls the gateway, its key and its store can make up a history that checks.
- The log shows changes made through Fairgate. It does not show who stood behind an operator's key, or what happened at the site.
- An older pack, or a hash of the log that somebody noted earlier, shows that nothing before it was rewritten. Without one, the log
  may have been written anew before this pack was made.
- The draw proves the order of those who took part. It does not prove that every entry was one person.
- Two packs of one moment may differ: each is what the store said then.
`;
}
