import { generate } from 'selfsigned';

/** PEM texts. */
export interface Certificate {
  readonly certificate: string;
  readonly privateKey: string;
}

/** A certificate of this process alone for 127.0.0.1, good for a year: clients that are to trust it are given it. */
export async function makeCertificate(): Promise<Certificate> {
  const made = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  return { certificate: made.cert, privateKey: made.private };
}
