export * from './directory/directory-document.ts';
export { directoryMachine } from './directory/directory-machine.ts';
export { routeTaken } from './directory/directory-rooms.ts';
