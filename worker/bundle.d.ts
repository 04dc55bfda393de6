// Modules that the build makes of browser code: see scripts/build.ts.
declare module '*?bundle' {
  const text: string;
  export default text;
  /** Base64 SHA-256 of the text, for a Content-Security-Policy source. */
  export const sha256: string;
}
