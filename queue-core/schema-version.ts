/** Version of the stored format that this code writes, and the newest that it reads. docs/upgrading.md lists all versions. */
export const SCHEMA_VERSION = 9;
