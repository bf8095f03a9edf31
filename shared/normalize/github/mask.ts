/**
 * People paste credentials into commit messages, comments and reasons. No record may hold one, so every text of every
 * draft passes here, whatever its source (finish-draft.ts): the forms below are recognized by their issuers' fixed prefixes, so that ordinary text is left alone. Each part
 * is bounded or cannot overlap with what follows it: time is linear in the text.
 */
const CREDENTIALS = new RegExp(
  [
    // GitHub tokens, classic and fine-grained; GitLab, npm, PyPI; Slack; Stripe-like keys; Google; AI providers.
    String.raw`\bgh[opsur]_[A-Za-z0-9]{16,255}`,
    String.raw`\bgithub_pat_[A-Za-z0-9_]{20,255}`,
    String.raw`\bgl(?:pat|dt|rt|cbt)-[A-Za-z0-9_-]{16,255}`,
    String.raw`\bnpm_[A-Za-z0-9]{30,255}`,
    String.raw`\bpypi-[A-Za-z0-9_-]{40,1000}`,
    String.raw`\bxox[abeoprs]-[A-Za-z0-9-]{10,255}`,
    String.raw`\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}`,
    String.raw`\bAIza[A-Za-z0-9_-]{35}`,
    // Of the last, with a digit and a capital: `sk-` begins names of Azure resources too.
    String.raw`\bsk-(?:ant-|proj-)?(?=[A-Za-z0-9_-]{0,64}\d)(?=[A-Za-z0-9_-]{0,64}[A-Z])[A-Za-z0-9_-]{20,255}`,
    // AWS access key ids; Azure keys and connection strings; keys in addresses; Entra client secrets.
    String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`,
    String.raw`\b(?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)=[^;\s"']{6,1000}`,
    String.raw`(?<=[?&](?:sig|signature|code|key|apikey|api_key|token|access_token|secret|password)=)[^&#\s"'<>)]{1,1000}`,
    String.raw`\b[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,34}`,
    // JSON Web Tokens; private keys up to their end or the text's; passwords inside of addresses.
    String.raw`\beyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}(?:\.[A-Za-z0-9_-]{0,2000})?`,
    String.raw`-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[A-Za-z0-9+/=\s:,-]{0,4096}`,
    String.raw`(?<=:\/\/[^\s:@/]{0,128}:)[^\s:@/]{3,256}(?=@)`,
  ].join('|'),
  'g',
);

/** What stands in place of a credential. */
export const MASK = '[masked]';

/** The text with everything that looks like a credential replaced by `[masked]`. */
export function maskCredentials(text: string): string {
  return text.replace(CREDENTIALS, MASK);
}

/** True for the name of a field whose values are secret by what they are, whatever they look like. */
export function isSecretField(field: string): boolean {
  return /(?:^|[._])(?:secret|password|passphrase|token|credentials?|private_key|client_secret|api_key)$/i.test(field);
}
