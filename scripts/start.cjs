// `npm start`: the gateway on workerd, by scripts/lib/local-gateway.ts. `scripts/start.ts` is a link to this file: a Node that
// cannot read TypeScript follows it here, where it can say so, instead of failing with an unknown file extension.

const { isTooOld, oldestNode } = require('./lib/node-version.cjs');

if (isTooOld(process.versions.node)) {
  console.error(
    `Fairgate's scripts need Node ${oldestNode} or newer; this is Node ${process.versions.node}. ` +
      'Run "npm start" instead, which uses the Node that "npm ci" installed, or node_modules/.bin/node scripts/start.ts.',
  );
  process.exitCode = 1;
} else {
  void import('./lib/local-gateway.ts');
}
