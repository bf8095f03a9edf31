import { cutText, TEXT_LIMITS } from '../wire/text.ts';

/**
 * People paste credentials into commit messages, comments, reasons and inputs. No record may hold one, so every text of every
 * draft passes here, whatever its source (finish-draft.ts), and every text that is cut passes before it is cut. Two things give
 * a credential away: its own form, by its issuer's prefix, and the name that stands before it.
 *
 * Texts come from anybody and may have megabytes: time is linear in the text. No part of an expression is repeated and then
 * required to be followed by something, except where no second match can begin within what the first one repeated.
 */
const TOKENS = new RegExp(
  [
    // GitHub tokens, classic and fine-grained; GitLab, npm, PyPI; Slack; Stripe-like keys; Google.
    String.raw`\bgh[opsur]_[A-Za-z0-9]{16,}`,
    String.raw`\bgithub_pat_[A-Za-z0-9_]{20,}`,
    String.raw`\bgl(?:pat|dt|rt|cbt)-[A-Za-z0-9_-]{16,}`,
    String.raw`\bnpm_[A-Za-z0-9]{30,}`,
    String.raw`\bpypi-[A-Za-z0-9_-]{40,}`,
    String.raw`\bxox[abeoprs]-[A-Za-z0-9-]{10,}`,
    String.raw`\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}`,
    String.raw`\bAIza[A-Za-z0-9_-]{35}`,
    String.raw`\bya29\.[A-Za-z0-9_-]{20,}`,
    // Hugging Face, Docker Hub, Grafana, DigitalOcean, Figma; Atlassian; SendGrid.
    String.raw`\b(?:hf_|do[opr]_v1_)[A-Za-z0-9]{24,}`,
    String.raw`\b(?:dckr_[po]at|glsa|glc|figd)_[A-Za-z0-9_=-]{20,}`,
    String.raw`\bAT[AC]TT3[A-Za-z0-9_=-]{20,}`,
    String.raw`\bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,}`,
    // Addresses of webhooks: whoever has one may post.
    String.raw`(?<=\bhooks\.slack\.com\/(?:services|workflows|triggers)\/)[A-Za-z0-9/_-]+`,
    String.raw`(?<=\bdiscord(?:app)?\.com\/api\/(?:v\d{1,3}\/)?webhooks\/\d{1,32}\/)[A-Za-z0-9_-]+`,
    String.raw`(?<=\.webhook\.office\.com\/webhookb2\/)[^\s"'<>)?#]+`,
    // AWS access key ids; Entra client secrets; keys in addresses, under names that are too common elsewhere.
    String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`,
    String.raw`\b[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,34}`,
    String.raw`(?<=[?&](?:code|key|signature)=)[^&#\s"'<>)]+`,
    // What follows `Bearer`, where it is no plain word.
    String.raw`(?<=\b(?i:bearer)[ \t]{1,8})(?:(?=[A-Za-z_~+/-]{0,64}(?:\d|\.[A-Za-z0-9]))[A-Za-z0-9._~+/-]{4,}|[A-Za-z0-9._~+/-]{20,})=*`,
    // Private keys, to their end or the text's; passwords inside of addresses (one begins behind each `://` at most).
    String.raw`-----BEGIN [A-Z ]{0,32}PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z ]{0,32}PRIVATE KEY(?: BLOCK)?-----|$)`,
    String.raw`(?<=:\/\/[^\s:@/]{0,256}:)[^\s/?#]+(?=@)`,
  ].join('|'),
  'g',
);

/**
 * JSON Web Tokens, signed or encrypted: there is a dot behind the first part. Without, the expression matches all the same, to
 * the end of the part: what begins within it has no dot behind it either, and is not looked at again.
 */
const WEB_TOKEN = /\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}/g;

/** Keys of AI providers have a digit and a capital: `sk-` begins names of Azure resources too. Matched to the end, as above. */
const AI_KEY = /\bsk-(?:ant-|proj-)?([A-Za-z0-9_-]{20,})/g;

/** `curl -u user:password`. Only in texts that speak of curl: for others `-u` may have two numbers behind it. */
const CURL = /\bcurl\b/;
const CURL_USER = /([ \t](?:-[a-zA-Z]{0,8}[uU]|--user|--proxy-user)[ \t=]{0,8}["']?[^\s:"']{1,256}:)(?!\/\/)[^\s"']+/g;

/** RFC 7617: base64 of `user:password`; `Basic` stands before many other words. */
const BASIC = /(\bBasic[ \t]{1,8})([A-Za-z0-9+/_-]{4,}={0,2})/gi;

/**
 * What one of those above has in it, found several times faster: each way begins with a character that is rare in names, hashes
 * and addresses, and looks back from there.
 */
const TOKEN_HINT =
  /_(?<=gh[opsur]_|github_pat_|npm_|[rs]k_|hf_|do[opr]_v1_|dckr_[po]at_|glsa_|glc_|figd_)|-(?<=gl(?:pat|dt|rt|cbt)-|pypi-|xox.-|sk-)|A(?:Iza|KIA|SIA|T[AC]TT3)|SG\.|ya29\.|hook(?:s\.slack|s\/\d|b2\/)|curl\b|~(?<=8Q~)|=(?<=[?&](?:code|key|signature)=)|J(?<=eyJ)|[ \t](?<=[Bb][Ee][Aa][Rr][Ee][Rr][ \t]|[Bb][Aa][Ss][Ii][Cc][ \t])|PRIVATE KEY|:\/\/[^\s:@/]{0,256}:/;

/** `password: x` alone on its line, but for a comment, as in YAML: within a line it may be prose. */
const STATED = /^[ \t-]{0,64}["']?(?<name>[A-Za-z_][\w.-]{0,127})["']?:[ \t]{1,8}(?=\S+(?:[ \t\r]*$|[ \t]{1,64}#))/gm;
const STATED_VALUE = /\S+/y;
/** A member of JSON in a text, also where its quotes are escaped because the JSON was itself written into JSON. */
const MEMBER = /(?<!\\)(?<escape>\\{0,8})"(?<name>[\w.-]{1,128})\k<escape>"\s{0,8}:\s{0,8}\k<escape>"/g;
/** `Password=x`, ` = `, in connection strings, addresses, commands and files of settings; quoted values whole. */
const ASSIGNED_VALUE = /"[^"]*|'[^']*|[^;\n"]{1,256}(?=;)|[^\s;&"]+/y;
/** `--password x`, `-AccountKey x`: flags of commands. What people write behind one that they speak of is no value. */
const FLAG =
  /-(?<![\w-]-)-?(?<name>[A-Za-z][\w.-]{0,127})[ \t]{1,8}(?!-|(?:flags?|options?|arguments?|parameters?|is|are|was|and|or|to|for|in|from|as|on|with|when|if|must|should|can|now|instead)\b)(?=\S)/g;
const FLAG_VALUE = /"[^"]*|'[^']*|[^\s"';]+/y;
/** The name before an equals sign is looked for backwards, no farther than this. */
const LONGEST_NAME = 128;

/** Most texts are names, hashes and addresses that have nothing of all this: one look suffices for them. */
const HINT = new RegExp(String.raw`${TOKEN_HINT.source}|=|:[ \t]|"\s{0,8}:|-(?<![\w-]-)[A-Za-z-]`);

/** What stands in place of a credential. */
export const MASK = '[masked]';

/** The text with everything that looks like a credential replaced by `[masked]`. */
export function maskCredentials(text: string): string {
  if (!HINT.test(text)) return text;
  let safe = TOKEN_HINT.test(text) ? maskTokens(text) : text;
  if (safe.includes('=')) safe = maskAssigned(safe);
  if (safe.includes('-')) safe = maskNamed(safe, FLAG, () => FLAG_VALUE);
  if (!safe.includes(':')) return safe;
  safe = maskNamed(safe, STATED, () => STATED_VALUE);
  return safe.includes('"') ? maskNamed(safe, MEMBER, ({ groups }) => memberValue(groups?.['escape'] ?? '')) : safe;
}

/** Of a longer text this much is looked at, far more than is ever kept of one: masking megabytes would take seconds. */
const LOOKED_AT = 65_536;
/** A credential that began less than this before the end of what is looked at may not have been recognized. */
const LONGEST_BEGINNING = 4_096;

/**
 * Cut to a length, and first without credentials: half of one looks like nothing any more, and half of it is enough to harm.
 * A text that is not cut is returned as it is, for the whole record is masked in the end.
 */
export function cutMasked(text: string, limit: keyof typeof TEXT_LIMITS | number = 'name'): string {
  const most = typeof limit === 'number' ? limit : TEXT_LIMITS[limit];
  if (text.length <= most) return cutText(text, most);
  if (text.length <= LOOKED_AT) return cutText(maskCredentials(text), most);
  const safe = maskCredentials(text.slice(0, LOOKED_AT)).slice(0, -LONGEST_BEGINNING);
  // Where next to nothing but credentials was looked at, it is short by now, and marked as cut all the same.
  return cutText(safe.padEnd(most + 1), most);
}

function maskTokens(text: string): string {
  const known = CURL.test(text) ? text.replace(CURL_USER, `$1${MASK}`) : text;
  return known
    .replace(TOKENS, MASK)
    .replace(WEB_TOKEN, (token) => (token.includes('.') ? MASK : token))
    .replace(AI_KEY, (key, random: string) => (/\d/.test(random) && /[A-Z]/.test(random) ? MASK : key))
    .replace(BASIC, (whole, scheme: string, encoded: string) =>
      Buffer.from(encoded, 'base64').includes(':') ? `${scheme}${MASK}` : whole,
    );
}

/** Names alone are searched for, and values read only behind secret ones: another's value may hold a secret name of its own. */
function maskAssigned(text: string): string {
  let safe = '';
  let done = 0;
  for (let equals = text.indexOf('='); equals !== -1; equals = text.indexOf('=', equals + 1)) {
    if (equals < done) continue;
    const spaced = text[equals - 1] === ' ' && text[equals + 1] === ' ';
    const end = spaced ? equals - 1 : equals;
    const start = equals + (spaced ? 2 : 1);
    let begin = end;
    while (begin > done && end - begin < LONGEST_NAME && isNameUnit(text.charCodeAt(begin - 1))) begin--;
    if (begin === end || !isSecretField(text.slice(begin, end))) continue;
    ASSIGNED_VALUE.lastIndex = start;
    if (!ASSIGNED_VALUE.test(text)) continue;
    safe += text.slice(done, start) + MASK;
    done = ASSIGNED_VALUE.lastIndex;
  }
  return safe + text.slice(done);
}

/** Letters, digits, `_`, `.` and `-`. */
function isNameUnit(unit: number): boolean {
  return (
    (unit >= 0x61 && unit <= 0x7a) ||
    (unit >= 0x41 && unit <= 0x5a) ||
    (unit >= 0x2d && unit <= 0x39 && unit !== 0x2f) ||
    unit === 0x5f
  );
}

/** As {@link maskAssigned}, for names that an expression finds. */
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
const LONGEST_FIELD = 1_024;
/** After such a word: the name is of a fact about a secret, not of the secret. */
const ABOUT =
  / (?:count|used|usage|types?|kind|names?|expir\w+|scanning|polic(?:y|ies)|length|limit|ttl|lifetime|version|rotation|status|enabled|disabled|required|protection|scopes?|permissions?|issuer|audience|endpoint|at) /;

/**
 * True for the name of a field whose values are secret by what they are, whatever they look like, in any spelling:
 * `dbPassword`, `admin-password`, `API_KEY`, `PASSWORD_PROD`, `password2`. False for `tokenCount`, `secret_scanning`, `monkey`.
 * What is too long for a name may be anything, and counts as secret.
 */
export function isSecretField(field: string): boolean {
  if (field.length > LONGEST_FIELD) return true;
  const words = field
    .replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, ' ')
    .toLowerCase()
    .replace(/[^a-z]+/g, ' ');
  const spaced = ` ${words.trim()} `;
  const last = [...spaced.matchAll(SECRET_WORD)].at(-1);
  return last !== undefined && !ABOUT.test(spaced.slice(last.index + last[0].length));
}
