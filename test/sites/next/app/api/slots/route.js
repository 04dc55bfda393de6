import { setTimeout as pause } from 'node:timers/promises';
import { all } from '../../booking-list.js';

/** What is booked, one line a second, as a stream. */
export async function GET() {
  const encoder = new TextEncoder();
  const lines = ['{"open":true}', JSON.stringify({ booked: all() })];
  const body = new ReadableStream({
    async start(controller) {
      for (const line of lines) {
        controller.enqueue(encoder.encode(`${line}\n`));
        await pause(1_000);
      }
      controller.close();
    },
  });
  return new Response(body, { headers: { 'Content-Type': 'application/x-ndjson' } });
}

export async function POST(request) {
  const { name } = await request.json();
  return Response.json({ hello: name }, { status: 201 });
}
