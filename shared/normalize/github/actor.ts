import type { Actor, Principal, Related } from '../../wire/record.ts';
import { cutMasked } from '../mask.ts';
import { idAt, textAt, uriAt } from '../read.ts';
import { hostOf } from './address.ts';

/**
 * AI agents that act on GitHub under a bot account of their own, by login without `[bot]`. Only accounts that GitHub
 * calls bots are looked up here: anybody may name a user account `claude`.
 */
const AI_AGENTS = new Set([
  'copilot',
  'copilot-swe-agent',
  'copilot-pull-request-reviewer',
  'github-copilot',
  'claude',
  'claude-code',
  'anthropic-code-agent',
  'openai-code-agent',
  'chatgpt-codex-connector',
  'codex',
  'cursor',
  'devin-ai-integration',
  'google-labs-jules',
  'gemini-code-assist',
  'gemini-cli',
  'amazon-q-developer',
  'coderabbitai',
  'codegen-sh',
  'ellipsis-dev',
  'factory-droid',
  'greptile-apps',
  'qodo-merge-pro',
  'sourcery-ai',
  'sweep-ai',
]);

/** E-mail addresses under which AI agents sign commits as author or co-author. */
const AI_ADDRESSES = new Set([
  'noreply@anthropic.com',
  'cursoragent@cursor.com',
  'codex@openai.com',
  'noreply@aider.chat',
  '198982749+copilot@users.noreply.github.com',
]);

/** User accounts that are GitHub itself: `web-flow` signs what was merged or edited in the browser. */
const PLATFORM_ACCOUNTS = new Set(['web-flow', 'github-actions', 'github-enterprise']);

/** Human for a user, service or ai for a bot or an app; unknown where GitHub says neither (deleted users, organizations). */
function kindOf(account: unknown): Principal['kind'] {
  const login = (textAt(account, 'login') ?? '').toLowerCase();
  const type = textAt(account, 'type');
  if (type === 'Bot' || type === 'App' || login.endsWith('[bot]')) {
    return AI_AGENTS.has(login.replace('[bot]', '')) ? 'ai' : 'service';
  }
  // GitHub's own organization sends what the platform did by itself: alerts found, fixed, dismissed.
  if (type === 'Organization') return login === 'github' ? 'service' : 'unknown';
  if (PLATFORM_ACCOUNTS.has(login)) return 'service';
  return type === 'User' && login !== 'ghost' ? 'human' : 'unknown';
}

/** An account: `<host>:<numeric id>`, which outlives renaming; by login only where a payload has no number. */
export function principalOf(account: unknown, host: string): Principal | undefined {
  const login = textAt(account, 'login');
  const number = accountNumber(account);
  if (login === undefined && number === undefined) return undefined;
  const where = hostOf(uriAt(account, 'html_url')) ?? host;
  return {
    kind: kindOf(account),
    id: number === undefined ? `${where}:@${login ?? ''}` : `${where}:${number}`,
    ...(login === undefined ? {} : { name: login }),
  };
}

function accountNumber(account: unknown): string | undefined {
  const id = idAt(account, 'id');
  return id !== undefined && /^\d{1,16}$/.test(id) ? id : undefined;
}

/** A team, as the principal of a right. */
export function teamPrincipal(team: unknown, host: string): Principal | undefined {
  const id = idAt(team, 'id');
  const name = textAt(team, 'name') ?? textAt(team, 'slug');
  if (id === undefined && name === undefined) return undefined;
  const where = hostOf(uriAt(team, 'html_url')) ?? host;
  return {
    kind: 'unknown',
    id: cutMasked(`${where}:team/${id ?? name ?? ''}`, 'uri'),
    ...(name === undefined ? {} : { name }),
  };
}

/** A GitHub App; its bot account has another number than the app itself. */
export function appPrincipal(app: unknown, host: string): Principal | undefined {
  const id = idAt(app, 'id');
  const name = textAt(app, 'slug') ?? textAt(app, 'name');
  if (id === undefined) return undefined;
  const kind = AI_AGENTS.has((name ?? '').toLowerCase()) ? 'ai' : 'service';
  return { kind, id: cutMasked(`${host}:app/${id}`, 'uri'), ...(name === undefined ? {} : { name }) };
}

/** An actor with whom it acted for, where that is somebody else. */
export function actingFor(actor: Principal | undefined, behalf: Principal | undefined): Actor | undefined {
  if (actor === undefined || actor.kind === 'human' || behalf === undefined || behalf.id === actor.id) return actor;
  return { ...actor, onBehalfOf: behalf };
}

/** A person as a related object, under the same id as where the person acts, so that the two can be compared. */
export function relatedPerson(part: string, person: Principal | undefined): Related | undefined {
  return person === undefined
    ? undefined
    : { part, kind: person.kind, id: person.id, ...(person.name === undefined ? {} : { name: person.name }) };
}

/** A user or team that is asked for something; of the two, only users have a login. */
export function relatedReviewer(part: string, reviewer: unknown, host: string): Related | undefined {
  if (textAt(reviewer, 'login') !== undefined) return relatedPerson(part, principalOf(reviewer, host));
  return relatedTeam(part, teamPrincipal(reviewer, host));
}

/** A team as a related object, under the same id as where it is given a right. */
export function relatedTeam(part: string, team: Principal | undefined): Related | undefined {
  const related = relatedPerson(part, team);
  return related === undefined ? undefined : { ...related, kind: 'team' };
}

/**
 * Author or committer as Git has it: a name and an address that whoever commits may choose; `username` is the account
 * that GitHub found for the address. Where that is the sender's account, the sender's own id is taken.
 */
export function gitPerson(person: unknown, host: string, sender?: Principal): Principal | undefined {
  const username = textAt(person, 'username');
  const address = textAt(person, 'email');
  const name = textAt(person, 'name') ?? address;
  if (username === undefined) {
    const kind = AI_ADDRESSES.has((address ?? '').toLowerCase()) ? 'ai' : 'unknown';
    return name === undefined ? undefined : { kind, id: `git:${address ?? name}`, name };
  }
  if (sender !== undefined && sender.name === username) {
    return { kind: sender.kind, id: sender.id, name: username };
  }
  const bot = username.endsWith('[bot]') || username === 'Copilot';
  const account = { login: username, type: bot ? 'Bot' : undefined, id: noreplyNumber(address, username) };
  const found = principalOf(account, host);
  return found !== undefined && AI_ADDRESSES.has((address ?? '').toLowerCase()) ? { ...found, kind: 'ai' } : found;
}

/** `21031067+Codertocat@users.noreply.github.com` carries the number of the account whose name it carries. */
function noreplyNumber(address: string | undefined, username: string): string | undefined {
  const match = /^(\d{1,16})\+([^@]+)@users\.noreply\./.exec(address ?? '');
  return match?.[2] === username ? match[1] : undefined;
}

const CO_AUTHOR = /^co-authored-by:[ \t]*([^<>\n]{0,256})<([^<>\n]{1,256})>/gim;
// Trailers are written by hand or by an agent; more than this is no list of authors.
const MOST_CO_AUTHORS = 32;

/** `Co-authored-by` trailers of a commit message: the one place where AI agents that helped a person are named. */
export function coAuthors(message: string): readonly Related[] {
  const found: Related[] = [];
  for (const [, name = '', address = ''] of message.matchAll(CO_AUTHOR)) {
    const person = gitPerson({ name: name.trim(), email: address.trim() }, '');
    const related = relatedPerson('coAuthor', person);
    if (related !== undefined) found.push(related);
    if (found.length === MOST_CO_AUTHORS) break;
  }
  return found;
}
