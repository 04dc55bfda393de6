import { cookies } from 'next/headers';
import { all } from '../booking-list.js';

export default async function Booked() {
  const number = Number((await cookies()).get('booking')?.value);
  return (
    <>
      <h1>Booked</h1>
      <p id="booking">
        Number {number} for {all()[number - 1]}
      </p>
    </>
  );
}
