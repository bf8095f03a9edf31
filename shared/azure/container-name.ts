import type { ContainerClient } from '@azure/storage-blob';

/** For messages. Not the client's own `containerName`: it is undefined where the address of the service is an IP address. */
export function containerNameOf(container: ContainerClient): string {
  return new URL(container.url).pathname.split('/').at(-1) ?? '';
}
