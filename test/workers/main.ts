// The worker of the tests that run inside workerd: the real room object, with a clock that tests can set.

import {
  DirectoryObject as RealDirectoryObject,
  RoomObject as RealRoomObject,
} from '../../worker/store/room-object.ts';

export const clock = { now: 0 };

export class RoomObject extends RealRoomObject {
  protected override now(): number {
    return clock.now;
  }
}

export class DirectoryObject extends RealDirectoryObject {
  protected override now(): number {
    return clock.now;
  }
}

export default {
  fetch: () => new Response('only the room object is tested here', { status: 404 }),
};
