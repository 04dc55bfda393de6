import { headers } from 'next/headers';
import Image from 'next/image';
import picture from '../picture.png';

export default async function Home() {
  const host = (await headers()).get('x-forwarded-host');
  return (
    <>
      <h1>Clinic</h1>
      <p id="host">{host}</p>
      <Image src={picture} alt="Clinic" width={64} height={64} />
    </>
  );
}
