import { DefaultAzureCredential } from '@azure/identity';
import type { TokenCredential } from '@azure/identity';

const credentials = new Map<string, TokenCredential>();

/**
 * The one credential of this process for an identity (undefined: the system-assigned one, or on a developer's machine
 * whoever is signed in): it caches tokens, so every client shares it.
 */
export function credentialOf(clientId: string | undefined): TokenCredential {
  const key = clientId ?? '';
  let credential = credentials.get(key);
  if (credential === undefined) {
    credential = new DefaultAzureCredential(clientId === undefined ? {} : { managedIdentityClientId: clientId });
    credentials.set(key, credential);
  }
  return credential;
}
