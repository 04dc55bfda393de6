'use client';

export default function Failed() {
  return <p id="failed">Something went wrong. Load the page again.</p>;
}
