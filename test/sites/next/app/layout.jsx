import Link from 'next/link';

export const metadata = { title: 'Clinic' };

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <nav>
          <Link href="/">Clinic</Link> <Link href="/slots">Slots</Link> <Link href="/book">Book</Link>
        </nav>
        <main>{children}</main>
      </body>
    </html>
  );
}
