// Whether a Node can run the scripts. CommonJS in plain JavaScript, because a Node that cannot run them has to read it.

/** The first release with everything the scripts use: type stripping, `import.meta.main`, `await using`. */
const OLDEST_NODE = [24, 2];

/** @param {string} version as `process.versions.node` */
function isTooOld(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

module.exports = { isTooOld, oldestNode: OLDEST_NODE.join('.') };
