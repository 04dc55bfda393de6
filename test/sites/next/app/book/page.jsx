import { book } from './book-action.js';

export const dynamic = 'force-dynamic';

export default function Book() {
  return (
    <>
      <h1>Book</h1>
      <form action={book}>
        <input name="name" required />
        <button type="submit">Book it</button>
      </form>
    </>
  );
}
