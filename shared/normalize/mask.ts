/**
 * People paste credentials into commit messages, comments, reasons and inputs. No record may hold one, so every text of every
 * draft passes here, whatever its source (finish-draft.ts). Two things give a credential away: its own form, by its issuer's
 * prefix, and the name that stands before it. Each part is bounded or cannot overlap with what follows it: time is linear in
 * the text.
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
    // AWS access key ids; Entra client secrets; keys in addresses, under names that are too common elsewhere.
    String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`,
    String.raw`\b[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,34}`,
    String.raw`(?<=[?&](?:code|key|signature)=)[^&#\s"'<>)]{1,1000}`,
    // JSON Web Tokens, signed or encrypted; what follows `Bearer`, where it is no plain word.
    String.raw`\beyJ[A-Za-z0-9_-]{8,2000}(?:\.[A-Za-z0-9_-]{0,4000}){1,4}`,
    String.raw`(?<=\b(?i:bearer)[ \t]{1,8})(?:(?=[A-Za-z_~+/-]{0,64}(?:\d|\.[A-Za-z0-9]))[A-Za-z0-9._~+/-]{4,}|[A-Za-z0-9._~+/-]{20,})=*`,
    // Private keys, to their end or the text's; passwords inside of addresses.
    String.raw`-----BEGIN [A-Z ]{0,32}PRIVATE KEY(?: BLOCK)?-----[^]{0,16384}?(?:-----END [A-Z ]{0,32}PRIVATE KEY(?: BLOCK)?-----|$)`,
    String.raw`(?<=:\/\/[^\s:@/]{0,256}:)[^\s/?#]{1,1024}(?=@)`,
  ].join('|'),
  'g',
);

/**
 * What one of them has in it, found several times faster. Most texts are names, hashes and addresses without any.
 */
const HINT =
  /gh[opsur]_|github_pat_|gl(?:pat|dt|rt|cbt)-|npm_|pypi-|xox|[rs]k_|AIza|sk-|AKIA|ASIA|8Q~|[?&](?:code|key|signature)=|eyJ|[Bb][Ee][Aa][Rr][Ee][Rr]|PRIVATE KEY|:[^\s/]{1,1024}@/;

/** RFC 7617: base64 of `user:password`; `Basic` stands before many other words. */
const BASIC = /(\bBasic[ \t]{1,8})([A-Za-z0-9+/_-]{4,}={0,2})/gi;

/** `Password=x`, ` = `, in connection strings, addresses, commands and files of settings; quoted values whole. */
const ASSIGNED = /(?<![\w.])(?<name>[A-Za-z_][\w.-]{0,127})(?:=| = )/g;
const ASSIGNED_VALUE = /"[^"]*|'[^']*|[^;\n"]{1,256}(?=;)|[^\s;&"]+/y;
/** `password: x` alone on its line, as in YAML: within a line it may be prose. */
const STATED = /^[ \t-]{0,64}["']?(?<name>[A-Za-z_][\w.-]{0,127})["']?:[ \t]{1,8}(?=\S+[ \t\r]*$)/gm;
const STATED_VALUE = /\S+/y;
/** A member of JSON in a text, also where its quotes are escaped because the JSON was itself written into JSON. */
const MEMBER = /(?<!\\)(?<escape>\\{0,8})"(?<name>[\w.-]{1,128})\k<escape>"\s{0,8}:\s{0,8}\k<escape>"/g;

/** What stands in place of a credential. */
export const MASK = '[masked]';

/** The text with everything that looks like a credential replaced by `[masked]`. */
export function maskCredentials(text: string): string {
  let safe = HINT.test(text) ? text.replace(CREDENTIALS, MASK) : text;
  safe = safe.replace(BASIC, (whole: string, scheme: string, encoded: string) =>
    Buffer.from(encoded, 'base64').includes(':') ? `${scheme}${MASK}` : whole,
  );
  // Most texts have none of these characters, and every text of every record passes here.
  if (safe.includes('=')) safe = maskNamed(safe, ASSIGNED, () => ASSIGNED_VALUE);
  if (!safe.includes(':')) return safe;
  safe = maskNamed(safe, STATED, () => STATED_VALUE);
  return safe.includes('"') ? maskNamed(safe, MEMBER, ({ groups }) => memberValue(groups?.['escape'] ?? '')) : safe;
}

/**
 * Replaces what follows a secret name. Names alone are searched for, and values read only behind secret ones: the value of
 * another name may hold a secret name of its own.
 */
function maskNamed(text: string, names: RegExp, valueAfter: (name: RegExpExecArray) => RegExp): string {
  let safe = '';
  let done = 0;
  for (const match of text.matchAll(names)) {
    if (match.index < done || !isSecretField(match.groups?.['name'] ?? '')) continue;
    const start = match.index + match[0].length;
    const value = valueAfter(match);
    value.lastIndex = start;
    if (!value.test(text)) continue;
    safe += text.slice(done, start) + MASK;
    done = value.lastIndex;
  }
  return safe + text.slice(done);
}

/** Up to the closing quote, which has as many backslashes as the opening one, or to the text's end where it was cut. */
function memberValue(escape: string): RegExp {
  return new RegExp(String.raw`[^]*?(?=(?<!\\)${escape.replaceAll('\\', '\\\\')}"|$)`, 'y');
}

/** The value as JSON, with what stands under a secret name replaced, however deep. */
export function maskedJson(value: object): string {
  return JSON.stringify(value, (name, each: unknown) => (isSecretField(name) && each !== null ? MASK : each));
}

/** Words that are secret by what they name, at the end of a longer word too: `dbpassword`. In doubt they count as secret. */
const SECRET_WORD = new RegExp(
  ` (?:${[
    String.raw`\w*(?:pass ?w(?:or)?d|pass ?phrase|pass ?code|pwd|secret|token|credential)s?`,
    String.raw`\w*(?:api|access|account|auth|private|secret|shared|storage|signing|encryption|master|host|function|subscription|admin|ssh|pgp|gpg|license) ?keys?`,
    String.raw`\w*conn(?:ection)? ?str(?:ing)?s?`,
    'creds?|bearer|authorization|cookie|jwt|pat|sas|sig',
    // Last only: `DB_PASS`, but not `pass_rate`.
    'pass(?= $)',
  ].join('|')})(?= )`,
  'g',
);
/** After such a word: the name is of a fact about a secret, not of the secret. */
const ABOUT =
  / (?:count|used|usage|types?|kind|names?|expir\w+|scanning|polic(?:y|ies)|length|limit|ttl|lifetime|version|rotation|status|enabled|disabled|required|protection|scopes?|permissions?|issuer|audience|endpoint|at) /;

/**
 * True for the name of a field whose values are secret by what they are, whatever they look like, in any spelling:
 * `dbPassword`, `admin-password`, `API_KEY`, `PASSWORD_PROD`, `password2`. False for `tokenCount`, `secret_scanning`, `monkey`.
 */
export function isSecretField(field: string): boolean {
  const words = field
    .replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, ' ')
    .toLowerCase()
    .replace(/[^a-z]+/g, ' ');
  const spaced = ` ${words.trim()} `;
  const last = [...spaced.matchAll(SECRET_WORD)].at(-1);
  return last !== undefined && !ABOUT.test(spaced.slice(last.index + last[0].length));
}
