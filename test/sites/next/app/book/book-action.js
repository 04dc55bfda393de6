'use server';

import { cookies } from 'next/headers';
import { redirect } from 'next/navigation';
import { save } from '../booking-list.js';

export async function book(form) {
  const number = save(String(form.get('name')));
  (await cookies()).set('booking', String(number), { httpOnly: true, secure: true });
  redirect('/booked');
}
