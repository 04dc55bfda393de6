import { setTimeout as pause } from 'node:timers/promises';
import { connection } from 'next/server';
import { Suspense } from 'react';

/** The rest of the page is sent while this is still being read. */
const READING_MS = 1_000;

async function Slots() {
  await connection();
  await pause(READING_MS);
  return (
    <ul>
      {['09:00', '09:30', '10:00'].map((time) => (
        <li key={time}>{time}</li>
      ))}
    </ul>
  );
}

export default function SlotsPage() {
  return (
    <>
      <h1>Slots</h1>
      <Suspense fallback={<p id="reading">Reading the slots</p>}>
        <Slots />
      </Suspense>
    </>
  );
}
